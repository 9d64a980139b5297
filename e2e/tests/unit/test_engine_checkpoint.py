import json
import threading
from pathlib import Path

from e2e.deploy.engine.checkpoint import Checkpoint, Pending, Recorded

URN = "urn:pulumi:e2e::observability-platform::platform:database:Database$aws:rds/instance:Instance"
LATEST = {
    "resources": [
        {"urn": "urn:pulumi:e2e::observability-platform::platform:x:X::x", "type": "platform:x:X"},
        {"urn": f"{URN}::database-instance", "type": "aws:rds/instance:Instance", "id": "db-1"},
    ],
    "pending_operations": [{"type": "creating", "resource": {"urn": f"{URN}::other"}}],
}


def test_resources_and_pending_operations_are_read(tmp_path: Path) -> None:
    file = tmp_path / "e2e.json"
    file.write_text(json.dumps({"checkpoint": {"latest": LATEST}}))
    found = Checkpoint.read(file)
    assert found.resources[1] == Recorded(
        f"{URN}::database-instance", "aws:rds/instance:Instance", "db-1"
    )
    assert found.resources[1].name == "database-instance"
    assert found.pending == (Pending("creating", f"{URN}::other"),)
    assert found.pending[0].type == "aws:rds/instance:Instance"


def test_a_new_stack_is_empty(tmp_path: Path) -> None:
    file = tmp_path / "e2e.json"
    file.write_text('{"version": 3, "checkpoint": {"stack": "e2e"}}')
    assert Checkpoint.read(file) == Checkpoint()


def test_a_file_that_is_being_written_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "e2e.json"
    file.write_text('{"checkpoint": {"late')
    timer = threading.Timer(0.2, file.write_text, [json.dumps({"checkpoint": {"latest": LATEST}})])
    timer.start()
    assert len(Checkpoint.read(file).resources) == 2
    timer.join()
