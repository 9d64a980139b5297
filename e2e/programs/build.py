"""Builds the catalogue's modules with the Go on PATH; what is in the cache is not built again."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from e2e.programs.cache import cache_directory, locked
from e2e.programs.catalogue import Module, UnknownToolError

CHECKSUMS = "SHA256SUMS"
_QUIET_SECONDS = 5


class BuildError(Exception):
    """One sentence that says which module did not build, with the compiler's last lines."""


@dataclass(frozen=True, slots=True)
class Toolbox:
    """Built programs. `directories` go on PATH; `root` holds them all."""

    root: Path
    directories: tuple[Path, ...]

    def program(self, name: str) -> Path:
        for directory in self.directories:
            if (directory / name).exists():
                return directory / name
        raise UnknownToolError(f"{name} was not built: name its module when asking for the tools")

    @property
    def search_path(self) -> str:
        """A PATH in which these programs come first."""
        return os.pathsep.join([*map(str, self.directories), os.environ["PATH"]])


def ensure(modules: Iterable[Module]) -> Toolbox:
    """Build what the cache lacks. Safe to call from two processes at once."""
    root = cache_directory() / "tools"
    root.mkdir(exist_ok=True)
    return Toolbox(root, tuple(_ensure(module, root / module.key) for module in modules))


def _ensure(module: Module, target: Path) -> Path:
    if target.exists():
        return target
    with locked(target.parent / f"{module.name}.lock"):
        if not target.exists():  # another process may have built it meanwhile
            _build(module, target)
    return target


def _build(module: Module, target: Path) -> None:
    if shutil.which("go") is None:
        raise BuildError(f"go is not on PATH and {module.name} is not built yet: install Go 1.26")
    started = time.monotonic()
    scratch = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{module.name}-"))
    try:
        with _sources(module) as directory:
            for program, package in module.programs.items():
                _compile(module, directory, package, scratch / program)
        sums = [f"{_sha256(scratch / program)}  {program}" for program in module.programs]
        (scratch / CHECKSUMS).write_text("\n".join(sums) + "\n")
        scratch.chmod(0o755)
        # Renamed as a whole: an interrupted build leaves nothing that looks finished.
        scratch.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print(f"{module.name} {module.version}: built in {time.monotonic() - started:.0f} s, sha256")
    print("\n".join(f"  {line}" for line in sums), flush=True)


@contextmanager
def _sources(module: Module) -> Iterator[Path]:
    """Give the folder to build in: with additions, one whose go.mod leads to a completed copy."""
    if not module.additions:
        yield module.directory
        return
    with tempfile.TemporaryDirectory() as scratch:
        directory, copy = Path(scratch) / "main", Path(scratch) / "copy"
        shutil.copytree(module.directory, directory)
        _go("mod", "download", module.path, directory=directory)
        published = _go("list", "-m", "-f", "{{.Dir}}", module.path, directory=directory)
        # Go's cache of modules is read-only, and so would be the copy.
        shutil.copytree(published.strip(), copy, copy_function=shutil.copyfile)
        for folder in (copy, *(path for path in copy.rglob("*") if path.is_dir())):
            folder.chmod(0o755)
        for path, text in module.additions.items():
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            (copy / path).write_text(text)
        _go("mod", "edit", f"-replace={module.path}={copy}", directory=directory)
        yield directory


def _environment() -> dict[str, str]:
    return os.environ | {
        "CGO_ENABLED": "0",
        "GOFLAGS": "-mod=readonly -buildvcs=false",
        "GOWORK": "off",
    }


def _go(*arguments: str, directory: Path) -> str:
    """Run the go command and give what it printed; its last lines are the error if it fails."""
    done = subprocess.run(
        ["go", *arguments],
        cwd=directory,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        last = "".join(done.stderr.splitlines(keepends=True)[-5:])
        raise BuildError(f"go {' '.join(arguments)} failed: {last}")
    return done.stdout


def _compile(module: Module, directory: Path, package: str, output: Path) -> None:
    listed = _go("list", "-deps", package, directory=directory)
    command = ["go", "build", "-v", "-trimpath", f"-ldflags={module.linker_flags}"]
    with subprocess.Popen(
        [*command, "-o", str(output), package],
        cwd=directory,
        env=_environment(),
        stderr=subprocess.PIPE,
        text=True,
    ) as compiler:
        lines, total, shown = [""], len(listed.split()), time.monotonic()
        for number, line in enumerate(compiler.stderr or ()):
            lines.append(line)
            if time.monotonic() > shown + _QUIET_SECONDS:  # shows that a long step is alive
                shown = time.monotonic()
                print(f"{output.name}: {number} of {total} packages", file=sys.stderr)
    if compiler.returncode != 0:
        raise BuildError(f"{module.name} did not build: {''.join(lines[-5:])}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
