"""One stack of the small program in a world of its own."""

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from e2e.deploy.cloud.world import World
from e2e.deploy.engine.checkpoint import Checkpoint
from e2e.deploy.engine.cli import Cli
from e2e.deploy.engine.environment import environment
from e2e.deploy.engine.plugins import Plugins
from e2e.deploy.engine.result import Result, result_of
from e2e.deploy.engine.workspace import REPOSITORY, Workspace
from e2e.programs.build import Toolbox

PROGRAM = Path(__file__).with_name("program")
_STACK = "facts"
_YES = ("--yes", "--skip-preview", "--suppress-progress")


@dataclass(frozen=True, slots=True)
class Deployment:
    world: World
    workspace: Workspace
    _cli: Cli
    _stack_file: Path
    _defaults: str

    @classmethod
    def create(cls, directory: Path, toolbox: Toolbox) -> Self:
        """Make an empty stack."""
        world = World(directory / "world")
        workspace = Workspace(directory)
        shutil.copytree(PROGRAM, workspace.program, ignore=shutil.ignore_patterns("__pycache__"))
        (workspace.program / ".venv").symlink_to(sys.prefix)
        for name in ("pyproject.toml", "uv.lock", ".python-version"):  # what `toolchain: uv` reads
            shutil.copy2(REPOSITORY / name, workspace.program)
        for folder in (workspace.backend, workspace.home):
            folder.mkdir()
        workspace.passphrase.write_text("of a test")
        pulumi = toolbox.program("pulumi")
        plugins = Plugins.choose(fakes=world.plugins)
        variables = environment(directory, workspace, plugins, toolbox) | dict(world.environment)
        cli = Cli(pulumi, workspace.program, variables, directory / "logs")
        cli.run("stack", "init", _STACK)
        file = workspace.program / f"Pulumi.{_STACK}.yaml"
        return cls(world, workspace, cli, file, file.read_text())

    def configure(self, **config: str) -> None:
        self._cli.run("config", "set-all", *(f"--plaintext={k}={v}" for k, v in config.items()))

    def reset(self) -> bool:
        """Go back to the program's defaults; False if nothing was configured."""
        changed = self._stack_file.read_text() != self._defaults
        self._stack_file.write_text(self._defaults)
        return changed

    def preview(self, *, ok: bool = True) -> Result:
        return result_of(self._cli.run("preview", "--diff", ok=ok, events=True))

    def up(self, *, ok: bool = True) -> Result:
        return result_of(self._cli.run("up", *_YES, ok=ok, events=True))

    def refresh(self) -> Result:
        return result_of(self._cli.run("refresh", *_YES, events=True))

    def destroy(self) -> Result:
        return result_of(self._cli.run("destroy", *_YES, events=True))

    def output(self, name: str) -> str:
        shown = self._cli.run("stack", "output", name, "--json", "--show-secrets")
        return str(json.loads(shown.text))

    def checkpoint(self) -> Checkpoint:
        return Checkpoint.read(self.workspace.backend / f".pulumi/stacks/cloud-facts/{_STACK}.json")
