"""A copy of what the program needs, which a drill may edit, with a stack, a state and a home."""

import secrets
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from e2e.deploy.engine.errors import EngineError
from e2e.deploy.engine.stacks import PROJECT, REPOSITORY, write

STACK = "e2e"

# `pulumi up`, `make release` and nothing else.
_PROGRAM = (
    "__main__.py",
    "Pulumi.yaml",
    ".python-version",
    "pyproject.toml",
    "uv.lock",
    "Makefile",
    ".dockerignore",
    "infra",
    "docs",  # the runbooks are a dashboard
    "charts",
    "release",
    "backend",
)
_AS_DEV: Mapping[str, object] = {}
_COMPILED = shutil.ignore_patterns("__pycache__")


@contextmanager
def put_back(file: Path) -> Iterator[Path]:
    """Give a file to be changed, and put it back as it was at the end."""
    written = file.read_text()
    try:
        yield file
    finally:
        file.write_text(written)


class Workspace:
    """Files under one directory; it goes away with the cluster's state."""

    def __init__(self, directory: Path, stack: str = STACK) -> None:
        self.stack = stack
        # Where the commands run: Pulumi.yaml, the program, the chart.
        self.program = directory / "program"
        self.stack_file = self.program / f"Pulumi.{stack}.yaml"
        # State, history and locks.
        self.backend = directory / "state"
        self.checkpoint = self.backend / ".pulumi" / "stacks" / PROJECT / f"{stack}.json"
        self.home = directory / "home"
        self.passphrase = directory / "passphrase"

    @classmethod
    def create(
        cls, directory: Path, settings: Mapping[str, object] = _AS_DEV, stack: str = STACK
    ) -> Self:
        """Copy the program from the checkout; whatever the directory held before is gone.

        `settings` by their paths, where they differ from those of `dev`.
        """
        shutil.rmtree(directory, ignore_errors=True)
        workspace = cls(directory, stack)
        for folder in (workspace.program, workspace.backend, workspace.home):
            folder.mkdir(parents=True)
        for name in _PROGRAM:
            source, target = REPOSITORY / name, workspace.program / name
            if source.is_dir():
                shutil.copytree(source, target, ignore=_COMPILED)
            else:
                shutil.copy2(source, target)
        (workspace.program / ".venv").symlink_to(_environment(), target_is_directory=True)
        write(workspace.stack_file, settings)
        workspace.passphrase.touch(mode=0o600)
        workspace.passphrase.write_text(secrets.token_urlsafe(32))
        return workspace

    @property
    def environment(self) -> Mapping[str, str]:
        """What makes `pulumi` in `program` use this state."""
        return {
            "PULUMI_BACKEND_URL": f"file://{self.backend}",
            "PULUMI_CONFIG_PASSPHRASE_FILE": str(self.passphrase),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DEBUG_COMMANDS": "true",  # the event log is one of those
            # The environment is the checkout's: it is neither looked up nor brought up to date.
            "UV_FROZEN": "true",
            "UV_OFFLINE": "true",
        }


def _environment() -> Path:
    if sys.prefix == sys.base_prefix:
        raise EngineError(
            f"{sys.executable} is in no virtual environment: run this with the checkout's"
            " .venv/bin/python, which has the program's packages"
        )
    return Path(sys.prefix)
