"""What the engine and its plugins find in their environment: no account and no cluster of ours."""

import os
from pathlib import Path

from e2e.cluster.processes import MARK
from e2e.deploy.engine.plugins import Plugins
from e2e.deploy.engine.workspace import Workspace
from e2e.programs.build import Toolbox
from e2e.programs.cache import cache_directory
from e2e.programs.uv import find_uv

# Nothing else of the caller's: neither an account, nor a cluster, nor Pulumi's own settings.
_INHERITED = ("HOME", "LANG", "LC_ALL", "TMPDIR", "USER", "UV_CACHE_DIR", "XDG_CACHE_HOME")


def environment(
    state: Path, workspace: Workspace, plugins: Plugins, toolbox: Toolbox
) -> dict[str, str]:
    """`state` is the cluster's, whose `down` ends whatever is left of this."""
    return {
        **{name: os.environ[name] for name in _INHERITED if name in os.environ},
        **workspace.environment,
        "PATH": _search_path(workspace, plugins, toolbox),
        "PULUMI_DEBUG_COMMANDS": "true",  # the event log is one of those
        # The environment is the checkout's: it is neither looked up nor brought up to date.
        "UV_FROZEN": "true",
        "UV_OFFLINE": "true",
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
