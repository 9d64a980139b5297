import json
from pathlib import Path

import pytest

from e2e.load_balancer.errors import EntranceError
from e2e.load_balancer.target_group import HealthCheck, TargetGroup

# As the AWS provider keeps it, numbers as Pulumi writes them.
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


def recorded(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value))
    return path


def test_numbers_come_from_the_recorded_resource(tmp_path: Path) -> None:
    group = TargetGroup.load(recorded(tmp_path / "group.json", RECORDED))
    assert group.arn == RECORDED["arn"]
    assert group.deregistration_delay == 30
    check = group.health_check
    assert (check.path, check.interval, check.timeout) == ("/ready", 30, 5)
    assert (check.healthy_threshold, check.unhealthy_threshold) == (2, 3)


def test_the_window_of_a_silent_death_follows_from_the_health_check(tmp_path: Path) -> None:
    group = TargetGroup.load(recorded(tmp_path / "group.json", RECORDED))
    assert group.failure_window == 3 * 30 + 5


@pytest.mark.parametrize(
    ("matcher", "status", "accepted"),
    [
        ("200", 200, True),
        ("200", 204, False),
        ("200,204", 204, True),
        ("200-299", 204, True),
        ("200-299", 301, False),
    ],
)
def test_matcher(matcher: str, status: int, *, accepted: bool) -> None:
    assert HealthCheck(matcher=matcher).accepts(status) is accepted


@pytest.mark.parametrize("content", ["not json", '{"healthCheck": {"interval": 0}}'])
def test_what_is_no_target_group_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "group.json"
    path.write_text(content)
    with pytest.raises(EntranceError, match=r"group\.json is not a recorded target group"):
        TargetGroup.load(path)
