"""The lowest layer: Debian packages, less what only a machine with a package manager needs."""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from e2e.deploy.image.archive import Layer, pack_layer
from e2e.deploy.image.errors import ImageError
from e2e.programs.cache import locked

SUITE = "bookworm"
PACKAGES = ("ca-certificates", "python3", "tzdata")
_UNNEEDED = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/info",
    "var/cache",
    "var/lib/apt",
    "var/log",
)


def ensure(cache: Path) -> Path:
    """Give the folder with the base root file system; made once, in about a minute."""
    wanted = f"{SUITE} {PACKAGES} {_UNNEEDED}"
    target = cache / f"base-{hashlib.sha256(wanted.encode()).hexdigest()[:12]}"
    with locked(cache / "base.lock"):
        if not target.exists():
            _bootstrap(target)
    return target


def layer(root: Path) -> Layer:
    """Pack what `ensure` gave; once."""
    path = root.with_suffix(".tar")
    with locked(root.parent / "base.lock"):
        return Layer(path) if path.exists() else pack_layer(root, path)


def _bootstrap(target: Path) -> None:
    print(f"Debian {SUITE} with {', '.join(PACKAGES)}: about a minute", flush=True)
    scratch = Path(tempfile.mkdtemp(dir=target.parent, prefix=".base-"))
    root = scratch / "root"
    command = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE]
    try:
        done = subprocess.run(
            [*command, str(root), _mirror()], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            last = "\n".join(done.stdout.splitlines()[-5:])
            raise ImageError(f"debootstrap failed: {last}")
        _strip(root)
        root.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _mirror() -> str:
    """Take the mirror that apt uses: debootstrap's own default may not be reachable."""
    command = ["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages"]
    sites = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    # Security updates come from a site of their own, which has no base system.
    main = [site for site in sites if "security" not in site]
    if not main:
        raise ImageError("apt has no package index: run `apt-get update`")
    return main[0]


def _strip(root: Path) -> None:
    for name in _UNNEEDED:
        shutil.rmtree(root / name, ignore_errors=True)
        (root / name).mkdir(parents=True)
    # debootstrap copies these two from the machine it runs on.
    (root / "etc/resolv.conf").write_text("")
    (root / "etc/hostname").write_text("")
    for python in ("python", "python3"):
        link = root / "usr/bin" / python
        link.unlink(missing_ok=True)
        link.symlink_to("python3.11")
