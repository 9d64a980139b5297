"""The real language host asks `uv` for the program's environment, as Pulumi.yaml says."""

import shutil
from pathlib import Path

from tests.e2e.engine.workspace import REPOSITORY

NO_UV = "it needs uv, which is neither on PATH nor in .local/tools: run `make setup`"


def find_uv() -> Path | None:
    """On PATH, else where `make setup` puts it."""
    own = REPOSITORY / ".local" / "tools" / "bin" / "uv"
    if found := shutil.which("uv"):
        return Path(found)
    return own if own.exists() else None
