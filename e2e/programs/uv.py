"""uv: the image's packages come by it, and the real language host asks it for the environment."""

import shutil
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
NO_UV = "it needs uv, which is neither in .local/tools nor on PATH: run `make setup`"
_OWN = REPOSITORY / ".local" / "tools" / "bin" / "uv"


def find_uv() -> Path | None:
    """The one that `make setup` installs, else the one on PATH.

    A version manager's shim on PATH is a script that needs its own root and answers for versions
    that are not selected: only a program that says its version counts.
    """
    on_path = shutil.which("uv")
    for found in (_OWN, Path(on_path).resolve() if on_path else None):
        if found and found.exists() and _is_program(found):
            return found
    return None


def _is_program(path: Path) -> bool:
    with path.open("rb") as file:
        if file.read(4) != b"\x7fELF":
            return False
    done = subprocess.run([path, "--version"], capture_output=True, check=False, timeout=10)
    return done.returncode == 0
