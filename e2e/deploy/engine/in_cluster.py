"""What a killed engine leaves half done in the cluster: undone, for `up` to make it again."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from e2e.deploy.engine.checkpoint import Pending
from e2e.deploy.engine.errors import EngineError

_RELEASE = "kubernetes:helm.sh/v3:Release"
_SECONDS = 300


@dataclass(frozen=True, slots=True)
class InCluster:
    """kubectl and helm of the environment's PATH, on the cluster of its KUBECONFIG."""

    environment: Mapping[str, str]

    def tidy(self, pending: Pending) -> None:
        """A creation is undone; a release whose upgrade was cut off goes back."""
        if not pending.type.startswith("kubernetes:"):
            return
        if pending.type == _RELEASE:
            self._tidy_release(pending)
        elif pending.operation == "creating":
            group, _, version = pending.inputs["apiVersion"].rpartition("/")
            kind = f"{pending.inputs['kind']}.{version}.{group}"
            metadata = pending.inputs["metadata"]
            scope = [f"--namespace={space}"] if (space := metadata.get("namespace")) else []
            self._run("kubectl", "delete", kind, metadata["name"], *scope, "--ignore-not-found")

    def _tidy_release(self, pending: Pending) -> None:
        name, scope = pending.inputs["name"], f"--namespace={pending.inputs['namespace']}"
        if pending.operation == "creating":
            self._run("helm", "uninstall", name, scope, "--ignore-not-found", "--wait")
        elif name in self._run("helm", "list", scope, "--pending", "--short").split():
            self._run("helm", "rollback", name, scope, "--wait")

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            command,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        if done.returncode:
            raise EngineError(f"`{' '.join(command)}` failed: {done.stderr.strip()[-400:]}")
        return done.stdout
