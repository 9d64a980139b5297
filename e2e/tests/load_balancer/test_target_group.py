import json
import os
from pathlib import Path

from e2e.load_balancer.target_group import FixedResponse, Recording, TargetGroup

HIDDEN = {"statusCode": "404", "contentType": "text/plain", "messageBody": "Not Found"}
RULE = {
    "priority": 1,
    "conditions": [{"pathPattern": {"values": ["/metrics", "/metrics/*"]}}],
    "actions": [{"type": "fixed-response", "fixedResponse": HIDDEN}],
}


def record(path: Path, value: object, *, at: int = 1) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value))
    os.utime(path, (at, at))
    return path


def test_the_window_of_a_silent_death_follows_from_the_recorded_numbers(tmp_path: Path) -> None:
    check = {"interval": 30, "timeout": 5, "unhealthyThreshold": 3, "protocol": "HTTP"}
    group = TargetGroup.load(record(tmp_path / "group.json", {"healthCheck": check}))
    assert group.failure_window == 3 * 30 + 5


def test_the_newest_group_counts_and_every_rule(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "groups" / "*.json", tmp_path / "rules" / "*.json")
    assert recording.read() is None
    record(tmp_path / "groups" / "b.json", {"arn": "b"}, at=1)
    record(tmp_path / "groups" / "a.json", {"arn": "a"}, at=2)
    found = recording.read()
    assert found is not None
    assert (found.group.arn, found.rules) == ("a", ())
    record(tmp_path / "rules" / "hide.json", RULE)
    found = recording.read()
    assert found is not None
    hidden = FixedResponse(("/metrics", "/metrics/*"), 404, "text/plain", "Not Found")
    assert found.rules == (hidden,)
