"""After a killed engine: the commands of docs/recovery.md, "After a kill", and no others."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from e2e.deploy.cloud.records import Resource
from e2e.deploy.engine.checkpoint import Checkpoint, Pending
from e2e.deploy.engine.cli import Cli, Completed
from e2e.deploy.engine.errors import EngineError

_IMPORT_FILE = "import.json"
_YES = ("--yes", "--skip-preview")
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


def repair(
    cli: Cli, pending: Checkpoint, exists: Sequence[Resource], cluster: InCluster
) -> Completed:
    """Unlock, look at what is pending, import what exists of it, forget the rest, go on."""
    cli.run("cancel", "--yes")
    cli.run("preview", f"--import-file={_IMPORT_FILE}")
    for operation in pending.pending:
        cluster.tidy(operation)
    imports = _fill_in(cli.directory / _IMPORT_FILE, exists)
    cli.run("refresh", *_YES, "--clear-pending-creates")
    if imports:
        flags = ("--protect=false", "--generate-code=false")
        cli.run("import", f"--file={_IMPORT_FILE}", *_YES, *flags)
    return cli.run("up", *_YES, "--suppress-progress", events=True)


def _fill_in(file: Path, exists: Sequence[Resource]) -> bool:
    """Do what a person does with the file: ids of what is there, and nothing of what is not."""
    ids = {(resource.type, resource.name): resource.id for resource in exists}
    content = json.loads(file.read_text())
    named = (
        (entry, ids.get((entry["type"], entry.get("logicalName", entry["name"]))))
        for entry in content.get("resources") or ()  # without it when nothing is missing
    )
    kept = [entry | {"id": found} for entry, found in named if found]
    content["resources"] = kept
    file.write_text(json.dumps(content, indent=2))
    return bool(kept)
