"""Deliveries as Alertmanager writes them, for tests that post or parse them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

ZERO_TIME = "0001-01-01T00:00:00Z"
_FNV_OFFSET = 14_695_981_039_346_656_037
_FNV_PRIME = 1_099_511_628_211
_SEPARATOR = b"\xff"

Json = dict[str, Any]


def fingerprint(labels: Mapping[str, str]) -> str:
    """FNV-1a over the sorted labels, as prometheus/common computes it."""
    value = _FNV_OFFSET
    for name in sorted(labels):
        for byte in name.encode() + _SEPARATOR + labels[name].encode() + _SEPARATOR:
            value = (value ^ byte) * _FNV_PRIME % 2**64
    return f"{value:016x}"


def rfc3339(time: datetime | str) -> str:
    return time if isinstance(time, str) else time.isoformat().replace("+00:00", "Z")


def make_alert(
    fingerprint: str = "00000000000000aa",
    *,
    status: str = "firing",
    starts_at: datetime | str = "2026-11-01T10:00:00Z",
    ends_at: datetime | str | None = None,
    labels: Mapping[str, object] | None = None,
    annotations: Mapping[str, object] | None = None,
    **extra: object,
) -> Json:
    """Return one alert; a firing one has Go's zero time as its end, as the real ones have."""
    if ends_at is None:
        ends_at = ZERO_TIME if status == "firing" else "2026-11-01T11:00:00Z"
    return {
        "status": status,
        "labels": dict(labels if labels is not None else {"alertname": "HighErrorRate"}),
        "annotations": dict(annotations or {}),
        "startsAt": rfc3339(starts_at),
        "endsAt": rfc3339(ends_at),
        "generatorURL": "http://prometheus.example/graph?g0.expr=up",
        "fingerprint": fingerprint,
        **extra,
    }


def make_message(*alerts: object, status: str | None = None, **extra: object) -> Json:
    """Return a whole message. Its own status is the group's, which nobody may trust."""
    any_firing = any(isinstance(a, dict) and a.get("status") == "firing" for a in alerts)
    return {
        "version": "4",
        "groupKey": '{}:{alertname="HighErrorRate"}',
        "truncatedAlerts": 0,
        "status": status or ("firing" if any_firing else "resolved"),
        "receiver": "platform",
        "groupLabels": {"alertname": "HighErrorRate"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example",
        "alerts": list(alerts),
        **extra,
    }


def make_group(count: int, **alert: Any) -> Sequence[Json]:
    """Return many alerts of one group with distinct fingerprints and realistic labels."""
    return [
        make_alert(
            f"{number:016x}",
            labels={
                "alertname": "PodCrashLooping",
                "severity": "critical" if number % 10 == 0 else "warning",
                "namespace": "shop",
                "service": f"service-{number % 7}",
                "pod": f"checkout-{number:05d}-x7k2p",
                "instance": f"10.0.{number % 250}.{number % 199}:9100",
                "cluster": "eu-1",
                "job": "kube-state-metrics",
            },
            annotations={
                "summary": f"Pod {number} restarts again and again",
                "description": "The container exits shortly after it has started. " * 2,
                "runbook_url": "https://runbooks.example/pod-crash-looping",
            },
            **alert,
        )
        for number in range(count)
    ]
