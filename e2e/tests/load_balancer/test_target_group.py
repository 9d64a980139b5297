import json
import os
from pathlib import Path

import pytest

from e2e.load_balancer.errors import LoadBalancerError
from e2e.load_balancer.target_group import FixedResponse, Recording, TargetGroup

# As the AWS provider keeps them, numbers as Pulumi writes them.
RECORDED = {
    "arn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/backend/0123",
    "deregistrationDelay": 30,
    "healthCheck": {
        "enabled": True,
        "healthyThreshold": 2,
        "interval": 30,
        "matcher": "200",
        "path": "/ready",
        "port": "traffic-port",
        "protocol": "HTTP",
        "timeout": 5,
        "unhealthyThreshold": 3,
    },
    "port": 8000,
    "targetType": "ip",
}
RULE = {
    "priority": 1,
    "conditions": [{"pathPattern": {"values": ["/metrics", "/metrics/*"]}}],
    "actions": [
        {
            "type": "fixed-response",
            "fixedResponse": {
                "statusCode": "404",
                "contentType": "text/plain",
                "messageBody": "Not Found",
            },
        }
    ],
}


def record(path: Path, value: object, *, at: int = 1) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value))
    os.utime(path, (at, at))
    return path


def test_numbers_come_from_the_recorded_resource(tmp_path: Path) -> None:
    group = TargetGroup.load(record(tmp_path / "group.json", RECORDED))
    assert (group.arn, group.deregistration_delay) == (RECORDED["arn"], 30)
    check = group.health_check
    assert (check.path, check.interval, check.timeout) == ("/ready", 30, 5)
    assert (check.healthy_threshold, check.unhealthy_threshold) == (2, 3)
    # The window of a silent death follows from them.
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


@pytest.mark.parametrize("content", ["not json", '{"healthCheck": {"interval": 0}}'])
def test_what_is_no_target_group_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "group.json"
    path.write_text(content)
    with pytest.raises(LoadBalancerError, match=r"group\.json is not a recorded target group"):
        TargetGroup.load(path)
