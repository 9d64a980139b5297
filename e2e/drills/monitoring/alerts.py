"""An alert's way from a scrape through rule and Alertmanager to the backend, and to people."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from typing import Any

from e2e.cluster.processes import wait_until
from e2e.drills import looks
from e2e.drills.drill import Checks
from e2e.drills.monitoring import signals
from e2e.drills.monitoring.direct_receiver import DirectReceiver
from e2e.platform.platform import Platform
from infra.naming import NAMESPACE, RELEASE

ALERT = "DrillRejectedAlerts"
_COUNTER = "backend_alerts_rejected_total"
# The kubelet brings a changed ConfigMap within a minute or two; then Prometheus reads it again.
_LOADED_SECONDS = 240
# The promise: scrape and evaluation every 30 s, group_wait 30 s.
_PROMISED_SECONDS = 90
_STORED_SECONDS = 150
# The rule looks back two minutes, and Alertmanager sends changes of a group every five.
_RESOLVED_SECONDS = 600
_AWAY_SECONDS = 360

# Not `increase`: the pod's first rejected alert begins a series, and has none.
_RULE = f"""
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {{name: drill, namespace: {NAMESPACE}}}
spec:
  groups:
    - name: drill
      rules:
        - alert: {ALERT}
          expr: sum({_COUNTER}) - (sum({_COUNTER} offset 2m) or vector(0)) > 0
          labels: {{severity: critical, service: drill}}
          annotations: {{summary: A drill sent an alert that cannot be stored.}}
"""


def alert_path(platform: Platform, checks: Checks) -> None:
    """A rule that fires is in the backend within 90 s of the scrape, and people are notified.

    All intervals are the defaults. The drill sends the backend an alert that cannot be stored: the
    counter of these rises, and a rule of the drill's own watches it.
    Seen red with a rule that asked for the counter's `increase`, of which the first in a pod has
    none: not stored after 150 s.
    """
    with _rule(platform), DirectReceiver() as people, signals.prometheus(platform) as api:
        looks.eventually(
            "the drill's rule is loaded and quiet",
            lambda: _state(api) == "inactive",
            seconds=_LOADED_SECONDS,
            every=2,
        )
        sent = time.time()
        _reject(platform)
        stored = _stored(platform, "firing", _STORED_SECONDS, checks)
        scraped = _rise(api, sent, checks)
        checks.note(
            sent_to_scraped_s=scraped - sent,
            scraped_to_stored_s=stored - scraped,
            sent_to_stored_s=stored - sent,
        )
        checks.require(
            stored - scraped < _PROMISED_SECONDS,
            f"stored {stored - scraped:.0f} s after the scrape, promised are {_PROMISED_SECONDS}",
        )
        told = _told(people, (ALERT, "firing"), _STORED_SECONDS, checks)
        checks.note(direct_s=told - scraped)
        _stored(platform, "resolved", _RESOLVED_SECONDS, checks)
        checks.note(resolved_s=time.time() - sent)


def backend_away(platform: Platform, checks: Checks) -> None:
    """People are told directly that no backend is there, and that it is back."""
    with DirectReceiver() as people:
        began = time.time()
        # At zero, the autoscaler leaves it alone.
        _scale(platform, 0)
        try:
            told = _told(people, ("BackendDown", "firing"), _AWAY_SECONDS, checks)
            checks.note(direct_s=told - began)
            back_early = looks.ready(platform)
            checks.require(not back_early, f"the backend was not away: {back_early}")
        finally:
            _scale(platform, 2)
        platform.settle()
        back = time.time()
        told = _told(people, ("BackendDown", "resolved"), _RESOLVED_SECONDS, checks)
        checks.note(return_told_s=told - back)


def _told(people: DirectReceiver, what: tuple[str, str], seconds: float, checks: Checks) -> float:
    """When (epoch) they were told of an alert and its status; otherwise the drill has failed."""
    told = people.told(*what, seconds=seconds)
    if told is None:
        checks.fail(f"nobody was told of {' '.join(what)}, but of {people.received()}")
    return told


def _scale(platform: Platform, replicas: int) -> None:
    platform.kubectl("scale", f"deployment/{RELEASE}", looks.IN_NAMESPACE, f"--replicas={replicas}")


@contextmanager
def _rule(platform: Platform) -> Iterator[None]:
    kubectl = platform.kubectl
    kubectl.apply(_RULE)
    try:
        yield
    finally:
        kubectl("delete", "prometheusrule", "drill", looks.IN_NAMESPACE)


def _reject(platform: Platform) -> None:
    """Send an alert that is none: the rest of its delivery would be stored."""
    body = {"version": "4", "status": "firing", "receiver": "drill", "alerts": [{"status": "?"}]}
    answer = looks.call(platform, "/api/v1/webhooks/alertmanager", body)
    if len(answer["rejected"]) != 1:
        raise AssertionError(f"the backend did not reject it: {answer}")


def _state(api: signals.Api) -> str:
    groups = api.data("/api/v1/rules", type="alert")["groups"]
    states = [rule["state"] for each in groups for rule in each["rules"] if rule["name"] == ALERT]
    return str(states[0]) if states else ""


def _rise(api: signals.Api, since: float, checks: Checks) -> float:
    """When the scrape was that first saw the counter rise after the epoch `since`."""
    found = api.data("/api/v1/query", query=f"{_COUNTER}[3m]")["result"]
    rises = [
        at
        for series in found
        for (_, before), (at, after) in pairwise([(0, "0"), *series["values"]])
        if float(after) > float(before) and at > since
    ]
    checks.require(rises, f"Prometheus has no sample in which {_COUNTER} rose")
    return float(min(rises))


def _stored(platform: Platform, status: str, seconds: float, checks: Checks) -> float:
    """Wait until the backend has the alert in this status; give its own time of the first look."""
    found: list[Mapping[str, Any]] = []

    def is_there() -> bool:
        page = looks.call(platform, f"/api/v1/alerts?status={status}&label=alertname%3D{ALERT}")
        found[:] = page["items"]
        return bool(found)

    if not wait_until(is_there, seconds=seconds, every=1):
        checks.fail(f"after {seconds:.0f} s the backend has no {ALERT} that is {status}")
    return datetime.fromisoformat(found[0]["first_seen_at"]).timestamp()
