"""One stack of the small program in a namespace of its own, and a CD that uses helm beside it."""

import base64
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from e2e.cluster.cluster import Cluster
from e2e.deploy.engine.cli import Cli
from e2e.deploy.engine.environment import environment
from e2e.deploy.engine.plugins import Plugins
from e2e.deploy.engine.result import Result, result_of
from e2e.deploy.engine.workspace import REPOSITORY, Workspace
from e2e.programs.build import Toolbox

PROGRAM = Path(__file__).with_name("program")
_YES = ("--yes", "--skip-preview", "--suppress-progress")


@dataclass(frozen=True, slots=True)
class Deployment:
    namespace: str
    workspace: Workspace
    cluster: Cluster
    _cli: Cli
    _helm: Path

    @classmethod
    def create(
        cls, directory: Path, cluster: Cluster, plugins: Plugins, toolbox: Toolbox, **config: object
    ) -> Self:
        """Make an empty stack with this configuration; its namespace has the directory's name."""
        workspace = Workspace(directory)
        shutil.copytree(PROGRAM, workspace.program, ignore=shutil.ignore_patterns("__pycache__"))
        (workspace.program / ".venv").symlink_to(sys.prefix)
        for name in ("pyproject.toml", "uv.lock", ".python-version"):  # what `toolchain: uv` reads
            shutil.copy2(REPOSITORY / name, workspace.program)
        for folder in (workspace.backend, workspace.home):
            folder.mkdir()
        workspace.passphrase.write_text("of a test")
        variables = environment(cluster.paths.state, workspace, plugins, toolbox)
        cli = Cli(toolbox.program("pulumi"), workspace.program, variables, directory / "logs")
        made = cls(directory.name, workspace, cluster, cli, toolbox.program("helm"))
        cli.run("stack", "init", "facts")
        made.set_password("first")
        defaults = {"namespace": made.namespace, "kubeconfig": cluster.kubeconfig, "replicas": 2}
        made.configure(**(defaults | {"reuseValues": True} | config))
        return made

    @property
    def chart(self) -> Path:
        return self.workspace.program / "chart"

    def configure(self, **config: object) -> None:
        settings = [f"--plaintext={name}={_text(value)}" for name, value in config.items()]
        self._cli.run("config", "set-all", *settings)

    def set_password(self, password: str) -> None:
        """Give the Secret another content; no argument and no setting ever has it."""
        (self.workspace.program / "password").write_text(password)

    def up(self, **config: object) -> Result:
        if config:
            self.configure(**config)
        return result_of(self._cli.run("up", *_YES, events=True))

    def refresh(self) -> Result:
        return result_of(self._cli.run("refresh", *_YES, events=True))

    def destroy(self) -> Result:
        return result_of(self._cli.run("destroy", *_YES, events=True))

    def release(self, tag: str) -> None:
        """Do what `make release` does."""
        command = ["upgrade", "app", str(self.chart), f"--set-string=image.tag={tag}"]
        self.helm(*command, "--reset-then-reuse-values")

    def helm(self, *arguments: str) -> str:
        places = [f"--namespace={self.namespace}", f"--kubeconfig={self.cluster.kubeconfig}"]
        command = [str(self._helm), *places, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def deployed(self) -> dict[str, str]:
        """Give the values with which the chart was rendered last."""
        found: Any = self.get("configmap", "app")
        data: dict[str, str] = found["data"]
        return data

    def secret(self) -> tuple[str, str]:
        """Give the Secret's password and its uid."""
        found: Any = self.get("secret", "credentials")
        password = base64.b64decode(found["data"]["password"]).decode()
        return password, found["metadata"]["uid"]

    def get(self, kind: str, name: str) -> Any:
        return self.cluster.kubectl.get(kind, name, f"--namespace={self.namespace}")

    def edit(self, file: str, old: str, new: str) -> None:
        """Change a file of the chart."""
        path = self.chart / file
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))


def _text(value: object) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)
