"""After a killed engine: the commands of docs/operations.md, "It was killed", and no others."""

import json
from collections.abc import Sequence
from pathlib import Path

from tests.e2e.engine.cli import Cli, Completed
from tests.e2e.engine.cloud import Existing

IMPORT_FILE = "import.json"


def repair(cli: Cli, exists: Sequence[Existing]) -> Completed:
    """Unlock, forget what was pending, import what exists all the same, go on."""
    cli.run("cancel", "--yes")
    cli.run("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
    cli.run("preview", f"--import-file={IMPORT_FILE}")
    if _fill_in(cli.directory / IMPORT_FILE, exists):
        flags = ("--yes", "--skip-preview", "--protect=false", "--generate-code=false")
        cli.run("import", f"--file={IMPORT_FILE}", *flags)
    return cli.run("up", "--yes", "--skip-preview", "--suppress-progress", events=True)


def _fill_in(file: Path, exists: Sequence[Existing]) -> bool:
    """Do what a person does with the file: ids of what is there, and nothing of what is not."""
    ids = {(resource.type, resource.name): resource.id for resource in exists}
    content = json.loads(file.read_text())
    named = (
        (entry, ids.get((entry["type"], entry.get("logicalName", entry["name"]))))
        for entry in content["resources"]
    )
    kept = [entry | {"id": found} for entry, found in named if found]
    content["resources"] = kept
    file.write_text(json.dumps(content, indent=2))
    return bool(kept)
