"""What is sent: groups of 100 alerts as Alertmanager writes them, about 700 bytes each.

A body is made once; only the number of its group is put in before it is sent. The number has as
many digits as its placeholder, here and in pgbench's script, so that putting it in costs little.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from itertools import count
from random import SystemRandom

ALERTS = 100
CONNECTIONS = 8
GROUPS_PER_CONNECTION = 20

PLACEHOLDER = "000000000000"
# Groups that are known before a slice begins, and groups that nobody has seen.
FIRST_KNOWN = 100_000_000_000
FRESH = range(200_000_000_000, 900_000_000_000)


class Mode(StrEnum):
    """Whether alerts are there already (repeats) or new."""

    UPDATE = "update"
    INSERT = "insert"


def known_groups() -> range:
    return range(FIRST_KNOWN, FIRST_KNOWN + CONNECTIONS * GROUPS_PER_CONNECTION)


def fresh_group() -> int:
    return SystemRandom().choice(FRESH)


def groups(mode: Mode, connection: int) -> Iterator[int]:
    """Yield the groups that a connection sends; no two connections ever send the same."""
    if mode is Mode.INSERT:
        yield from count(fresh_group())
    first = FIRST_KNOWN + connection * GROUPS_PER_CONNECTION
    for number in count():
        yield first + number % GROUPS_PER_CONNECTION


def body_of(template: bytes, group: int) -> bytes:
    return template.replace(PLACEHOLDER.encode(), str(group).encode())


def body_template(starts_at: datetime) -> bytes:
    """Return the body of a firing group, with the placeholder for its number."""
    labels = {"alertname": "PodCrashLooping", "namespace": "shop"}
    message = {
        "version": "4",
        "groupKey": '{}:{alertname="PodCrashLooping", namespace="shop"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "platform",
        "groupLabels": labels,
        "commonLabels": labels,
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example:9093",
        "alerts": [_alert(number, starts_at) for number in range(ALERTS)],
    }
    return json.dumps(message).encode()


def _alert(number: int, starts_at: datetime) -> dict[str, object]:
    name = f"{PLACEHOLDER}-{number:03}"
    return {
        "status": "firing",
        "labels": {
            "alertname": "PodCrashLooping",
            "severity": "critical" if number % 10 == 0 else "warning",
            "namespace": "shop",
            "service": f"service-{number % 7}",
            "pod": f"checkout-{name}",
            "instance": f"{name}:8080",
            "cluster": "eu-1",
            "job": "kube-state-metrics",
        },
        "annotations": {
            "summary": f"Pod checkout-{name} restarts again and again",
            "description": "The container exits shortly after it has started.",
            "runbook_url": "https://runbooks.example/pod-crash-looping",
        },
        "startsAt": starts_at.isoformat().replace("+00:00", "Z"),
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example:9090/graph?g0.expr=increase%28restarts%29",
        "fingerprint": name,
    }
