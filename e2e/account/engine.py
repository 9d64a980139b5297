"""The user's own Pulumi and its real plugins, on a stack whose state is a folder of this machine.

A folder and not the user's state backend: none has to exist, and nothing of theirs is touched. It
is no cache: without it, nothing destroys the rest.
"""

import os
import shutil
from pathlib import Path

from e2e.deploy.engine.cli import Cli
from e2e.deploy.engine.engine import YES, Engine
from e2e.deploy.engine.plugins import Plugins
from e2e.deploy.engine.result import Result
from e2e.deploy.engine.workspace import Workspace

_LIMITS = {"up": 45 * 60, "destroy": 45 * 60}  # seconds; both usually take half of it
_PATIENCE_SECONDS = 20 * 60  # as long as the slowest resource takes: a control plane


class AccountEngine(Engine):
    """`directory` is the stack's, and has its name."""

    def __init__(self, directory: Path) -> None:
        workspace = Workspace(directory / "engine", directory.name)
        # The user's environment, without another state. A cluster that does not answer must not
        # keep the rest from being destroyed.
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("PULUMI_") or name == "PULUMI_HOME"
        }
        path = f"{workspace.program / '.venv' / 'bin'}{os.pathsep}{kept['PATH']}"
        own = {"PATH": path, "PULUMI_K8S_DELETE_UNREACHABLE": "true"}
        cli = Cli(
            Path(shutil.which("pulumi") or "pulumi"),
            workspace.program,
            {**kept, **workspace.environment, **own},
            directory / "logs",
            limits=_LIMITS,
            patience=_PATIENCE_SECONDS,
        )
        super().__init__(workspace, Plugins((), {}), cli)
        self.directory, self.kubeconfig = directory, directory / "kubeconfig"

    def up(self, *, ok: bool | None = True) -> Result:
        """Also write the kubeconfig of the cluster that there is now."""
        result = super().up(ok=ok)
        if result.ok:
            done = self._cli.run("stack", "output", "kubeconfig", "--show-secrets")
            self.kubeconfig.write_text(done.text)
            self.kubeconfig.chmod(0o600)
        return result

    def remove(self) -> None:
        """Destroy everything, also after a kill, and once more when AWS refuses at first."""
        if not self.workspace.checkpoint.exists():
            return
        self._cli.run("cancel", "--yes", ok=None)
        if self.checkpoint().pending:
            self._cli.run("refresh", *YES, "--clear-pending-creates", ok=None)
        if self._cli.run("destroy", *YES, ok=None).code:
            self._cli.run("destroy", *YES, "--refresh")
