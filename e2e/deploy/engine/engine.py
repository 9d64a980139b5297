"""The Pulumi CLI as drills use it: the stack `e2e` of the repository's own program."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from e2e.cluster.processes import MARK
from e2e.deploy.cloud.environment import KUBECONFIG
from e2e.deploy.cloud.records import Resource
from e2e.deploy.cloud.world import World
from e2e.deploy.engine.checkpoint import Checkpoint
from e2e.deploy.engine.cli import Cli
from e2e.deploy.engine.plugins import Plugins
from e2e.deploy.engine.recovery import InCluster, repair
from e2e.deploy.engine.result import Result, result_of
from e2e.deploy.engine.running import Started
from e2e.deploy.engine.stacks import PROJECT, Stack
from e2e.deploy.engine.workspace import Workspace
from e2e.programs.build import Toolbox
from e2e.programs.cache import cache_directory
from e2e.programs.uv import find_uv

MODULES = ("pulumi", "pulumi-kubernetes", "helm", "kubernetes")

# Nothing else of the caller's: neither an account, nor a cluster, nor Pulumi's own settings.
_INHERITED = ("HOME", "LANG", "LC_ALL", "TMPDIR", "USER", "UV_CACHE_DIR", "XDG_CACHE_HOME")
YES = ("--yes", "--skip-preview", "--suppress-progress")


class Engine:
    """Get one from `prepare`, or from `attach` when another process prepared it."""

    def __init__(self, workspace: Workspace, plugins: Plugins, cli: Cli) -> None:
        self.workspace = workspace
        self.plugins = plugins
        self._cli = cli

    @classmethod
    def prepare(
        cls, state: Path, world: World, toolbox: Toolbox, stack: Stack = Stack.PLATFORM
    ) -> Self:
        """Copy the program to `state`/engine and make an empty stack there.

        `toolbox` has the modules MODULES.
        """
        workspace = Workspace.create(state / "engine", stack.on_this_machine)
        engine = cls._assemble(state, workspace, world, toolbox)
        engine.init()
        return engine

    @classmethod
    def attach(cls, state: Path, world: World, toolbox: Toolbox) -> Self:
        """Use the stack that another process prepared in `state`."""
        return cls._assemble(state, Workspace(state / "engine"), world, toolbox)

    @classmethod
    def _assemble(cls, state: Path, workspace: Workspace, world: World, toolbox: Toolbox) -> Self:
        pulumi = toolbox.program("pulumi")
        plugins = Plugins.choose()
        variables = _environment(state, workspace, plugins, toolbox) | dict(world.environment)
        cli = Cli(pulumi, workspace.program, variables, state / "logs" / "engine")
        return cls(workspace, plugins, cli)

    @property
    def environment(self) -> Mapping[str, str]:
        """For `pulumi` and `make release` in `workspace.program`."""
        return self._cli.environment

    def init(self) -> None:
        """Make the empty stack."""
        self._cli.run("stack", "init", self.workspace.stack)

    def preview(self, *, ok: bool = True) -> Result:
        return self._changing("preview", ok=ok)

    def up(self, *, ok: bool | None = True) -> Result:
        """`ok=False`: it must fail; None: either will do."""
        return self._changing("up", *YES, ok=ok)

    def refresh(self) -> Result:
        return self._changing("refresh", *YES)

    def destroy(self) -> Result:
        return self._changing("destroy", *YES)

    def start_up(self) -> Started:
        """Start `pulumi up` in the background."""
        return self._cli.start("up", *YES, events=True)

    def repair(self, exists: Sequence[Resource]) -> Result:
        """Run what docs/recovery.md prescribes after a kill; gives back the last `up`.

        `exists`: what the cloud has.
        """
        cluster = InCluster({**self.environment, "KUBECONFIG": self.environment[KUBECONFIG]})
        return result_of(repair(self._cli, self.checkpoint(), exists, cluster))

    def set(self, path: str, value: str | int | bool) -> None:
        """Set a key of the stack file, such as `secretVersions.databasePassword`; no secret."""
        text = json.dumps(value) if isinstance(value, bool) else str(value)
        self._cli.run("config", "set", "--path", f"{PROJECT}:{path}", text)

    def unset(self, path: str) -> None:
        """Remove a key of the stack file; one that is not there is no error."""
        self._cli.run("config", "rm", "--path", f"{PROJECT}:{path}", ok=None)

    def outputs(self) -> dict[str, Any]:
        done = self._cli.run("stack", "output", "--json")
        found: dict[str, Any] = json.loads(done.text)
        return found

    def checkpoint(self) -> Checkpoint:
        return Checkpoint.read(self.workspace.checkpoint)

    def drop_torn_attributes(self) -> None:
        """Remove what a kill can leave beside a state in a folder; other backends have no such.

        The engine replaces the state at once, but not the file with its content type, and an empty
        one is "failed to load checkpoint: EOF" (docs/recovery.md).
        """
        attributes = Path(f"{self.workspace.checkpoint}.attrs")
        if attributes.exists() and attributes.stat().st_size == 0:
            attributes.unlink()

    def _changing(self, *arguments: str, ok: bool | None = True) -> Result:
        return result_of(self._cli.run(*arguments, ok=ok, events=True))


def _environment(
    state: Path, workspace: Workspace, plugins: Plugins, toolbox: Toolbox
) -> dict[str, str]:
    """`state` is the cluster's, whose `down` ends whatever is left of this."""
    return {
        **{name: os.environ[name] for name in _INHERITED if name in os.environ},
        **workspace.environment,
        "PATH": _search_path(workspace, plugins, toolbox),
        "PULUMI_HOME": str(workspace.home),
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        # Outside the checkout. Without any, each plugin compiles its whole SDK at every start.
        "PYTHONPYCACHEPREFIX": str(cache_directory() / "bytecode"),
        MARK: str(state),
    }


def _search_path(workspace: Workspace, plugins: Plugins, toolbox: Toolbox) -> str:
    uv = find_uv()
    directories = [
        *plugins.directories,
        workspace.program / ".venv" / "bin",
        *([uv.parent] if uv else []),
    ]
    return os.pathsep.join([*map(str, directories), toolbox.search_path])
