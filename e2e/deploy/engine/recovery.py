"""After a killed engine: the commands of docs/operations.md, "After a kill", and no others."""

import json
from collections.abc import Sequence
from pathlib import Path

from e2e.deploy.cloud.records import Resource
from e2e.deploy.engine.checkpoint import Checkpoint
from e2e.deploy.engine.cli import Cli, Completed
from e2e.deploy.engine.in_cluster import InCluster

_IMPORT_FILE = "import.json"
_YES = ("--yes", "--skip-preview")


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
