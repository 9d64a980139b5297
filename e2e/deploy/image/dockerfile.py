"""What the repository's Dockerfile says a container starts with, so that it is said only there."""

import json
import re
import shlex
from pathlib import Path

from e2e.deploy.image.archive import Config
from e2e.deploy.image.errors import ImageError

_WANTED = {"CMD", "ENV", "USER", "WORKDIR"}


def read_config(path: Path) -> Config:
    """Read CMD, ENV, USER and WORKDIR of the last stage; each must be there."""
    values: dict[str, str] = {}
    for line in _logical_lines(path.read_text()):
        name, _, rest = line.partition(" ")
        if name == "FROM":
            values.clear()
        elif name in _WANTED:
            values[name] = f"{values[name]} {rest}" if name == "ENV" and name in values else rest
    if missing := sorted(_WANTED - values.keys()):
        raise ImageError(f"{path} has no {', '.join(missing)} in its last stage")
    return Config(
        command=tuple(json.loads(values["CMD"])),
        environment=dict(word.split("=", 1) for word in shlex.split(values["ENV"])),
        user=values["USER"],
        working_directory=values["WORKDIR"],
    )


def _logical_lines(text: str) -> list[str]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [line.strip() for line in joined.splitlines() if line.strip()]
