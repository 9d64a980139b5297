"""What drills read: restarts by pod, and numbers that a thread reads."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

import pytest

from e2e.drills import looks
from e2e.platform.platform import Platform
from e2e.platform.pods import Pod


def _platform(restarts: Mapping[str, int], *, leaving: str = "") -> Platform:
    pods = [
        Pod(uid, uid, "us-east-1a", True, uid == leaving, count, "")
        for uid, count in restarts.items()
    ]
    return cast("Platform", SimpleNamespace(pods=lambda: pods))


@pytest.mark.parametrize(
    ("now", "count"),
    [
        ({"a": 1, "b": 0}, 0),
        ({"a": 2, "b": 0}, 1),
        ({"a": 1, "b": 0, "c": 0}, 0),
        ({"a": 1, "b": 0, "c": 2}, 2),
        ({"a": 1}, 0),
        # The sum of what there is would be smaller than before.
        ({"b": 0, "c": 0}, 1),
        ({"c": 0, "d": 1}, 3),
    ],
    ids=["same", "restarted", "more", "new one restarted", "fewer", "replaced", "all replaced"],
)
def test_restarts_are_counted_by_pod(now: Mapping[str, int], count: int) -> None:
    before = looks.restarts(_platform({"a": 1, "b": 0}))
    assert looks.restarts_since(_platform(now), before) == count


def test_a_pod_that_leaves_has_been_replaced() -> None:
    before = looks.restarts(_platform({"a": 0, "b": 0}))
    assert looks.restarts_since(_platform({"a": 0, "b": 0, "c": 0}, leaving="a"), before) == 1
    assert looks.restarts(_platform({"a": 0, "b": 0}, leaving="a")) == {"b": 0}


def test_events_are_those_of_a_reason_and_since_a_moment() -> None:
    def event(reason: str, message: str, at: str) -> Mapping[str, str]:
        return {"reason": reason, "message": message, "lastTimestamp": at}

    items = [
        event("Killing", "Container api failed liveness probe, will ...", "2026-11-26T12:00:30Z"),
        event("Killing", "Stopping container api", "2026-11-26T12:00:31Z"),
        event("Unhealthy", "Liveness probe failed: timeout", "2026-11-26T12:00:32Z"),
        event("Killing", "Container api failed liveness probe, will ...", "2026-11-26T11:00:00Z"),
    ]
    kubectl = SimpleNamespace(items=lambda *_: items)
    platform = cast("Platform", SimpleNamespace(cluster=SimpleNamespace(kubectl=kubectl)))
    lost = datetime(2026, 11, 26, 12, tzinfo=UTC).timestamp()
    pod = Pod("a", "a", "us-east-1a", True, False, 0, "")
    assert looks.events(platform, pod, "Killing", "liveness probe", since=lost) == [lost + 30]
    assert looks.events(platform, pod, "Unhealthy", "liveness probe failed", since=lost) == [
        lost + 32
    ]
    assert looks.events(platform, pod, "Unhealthy", "readiness", since=lost) == []
