"""uv: the image's packages come by it, and the real language host asks it for the environment."""

import shutil
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
NO_UV = "it needs uv, which is neither on PATH nor in .local/tools: run `make setup`"


def find_uv() -> Path | None:
    """On PATH, else where `make setup` puts it."""
    own = REPOSITORY / ".local" / "tools" / "bin" / "uv"
    if found := shutil.which("uv"):
        return Path(found)
    return own if own.exists() else None
