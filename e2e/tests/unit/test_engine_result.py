import json
from pathlib import Path

from e2e.deploy.engine.result import Operation, Result, changes_in, operations_in

URN = "urn:pulumi:e2e::observability-platform::a:b:C$aws:ec2/vpc:Vpc::network-vpc"


def written(path: Path, *events: object, end: str = "") -> Path:
    path.write_text("\n".join([*(json.dumps(event) for event in events), end]))
    return path


def step(op: str) -> dict[str, object]:
    return {"resOutputsEvent": {"metadata": {"op": op, "urn": URN, "type": "aws:ec2/vpc:Vpc"}}}


def test_changes_are_those_of_the_summary(tmp_path: Path) -> None:
    summary = {"summaryEvent": {"resourceChanges": {"create": 2, "same": 99}}}
    changes = changes_in(written(tmp_path / "events", step("create"), summary))
    assert changes == {"create": 2, "same": 99}
    assert Result(ok=True, changes=changes, seconds=1, text="").changed == 2


def test_a_command_that_was_killed_has_steps_but_no_changes(tmp_path: Path) -> None:
    events = written(tmp_path / "events", step("same"), step("create"), end='{"resOutp')
    assert changes_in(events) == {}
    assert operations_in(events) == (Operation("create", URN, "aws:ec2/vpc:Vpc"),)
    assert operations_in(events)[0].name == "network-vpc"


def test_a_command_that_never_began_has_neither(tmp_path: Path) -> None:
    assert changes_in(tmp_path / "none") == {}
    assert operations_in(tmp_path / "none") == ()
