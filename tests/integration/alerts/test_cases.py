"""Deliveries that broke other receivers, from their public bug reports, and what they mean here.

Each is a short history: what was delivered, and which alerts and episodes are there afterwards.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx2
import orjson
import pytest
from prometheus_client import REGISTRY

from backend.alerts import service
from tests.support.alertmanager import Json, make_alert, make_group, make_message
from tests.support.intake import Intake
from tests.support.logs import Logged

WEBHOOK = "/api/v1/webhooks/alertmanager"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
BEGAN = NOW - 10 * MINUTE


def firing(fingerprint: str, **changes: object) -> Json:
    return make_alert(fingerprint, starts_at=BEGAN) | changes


def resolved(fingerprint: str, ended: datetime = NOW - 5 * SECOND, **changes: object) -> Json:
    return make_alert(fingerprint, status="resolved", starts_at=BEGAN, ends_at=ended) | changes


@dataclass(frozen=True)
class Case:
    deliveries: list[list[Json]]
    # The status of each alert, and how many of its episodes are open and closed.
    alerts: dict[str, tuple[str, int, int]]
    annotations: dict[str, Json] = field(default_factory=dict)


CASES = {
    "nothing names the alert": Case(
        [[firing("a", labels={"job": "batch"}), firing("b", labels={})]],
        {"a": ("firing", 1, 0), "b": ("firing", 1, 0)},
    ),
    "labels that are empty": Case(
        [[firing("a", labels={"alertname": "", "service": "", "severity": ""})]],
        {"a": ("firing", 1, 0)},
    ),
    "three ends of one life, milliseconds apart": Case(
        [
            [firing("a")],
            [resolved("a", NOW - 20 * SECOND)],
            [resolved("a", NOW - 20 * SECOND + timedelta(milliseconds=86))],
            [resolved("a", NOW - 20 * SECOND)],
        ],
        {"a": ("resolved", 0, 1)},
    ),
    "one of a group ends": Case(
        [[firing("a"), firing("b")], [firing("a"), resolved("b")]],
        {"a": ("firing", 1, 0), "b": ("resolved", 0, 1)},
    ),
    "ended and firing again in one delivery": Case(
        [
            [
                resolved("a", NOW - 9 * MINUTE, annotations={"summary": "old"}),
                firing("a", startsAt=(NOW - MINUTE).isoformat(), annotations={"summary": "new"}),
            ]
        ],
        {"a": ("firing", 1, 0)},
        {"a": {"summary": "new"}},
    ),
    "a description that holds a value": Case(
        [[firing("a", annotations={"description": f"{value} %"})] for value in (91, 92, 93)],
        {"a": ("firing", 1, 0)},
        {"a": {"description": "93 %"}},
    ),
    "two disks of one machine": Case(
        [
            [firing("a", labels={"disk": "/var"}), firing("b", labels={"disk": "/opt"})],
            [resolved("b", labels={"disk": "/opt"})],
        ],
        {"a": ("firing", 1, 0), "b": ("resolved", 0, 1)},
    ),
    "an end without annotations": Case(
        [[firing("a", annotations={"runbook_url": "x"})], [resolved("a", annotations={})]],
        {"a": ("resolved", 0, 1)},
        {"a": {"runbook_url": "x"}},
    ),
    "Grafana without its data source": Case(
        [
            [firing("a", labels={"alertname": "Slow", "rule_uid": "r"})],
            [firing("b", labels={"alertname": "DatasourceError", "rule_uid": "r"})],
            [resolved("b", labels={"alertname": "DatasourceError", "rule_uid": "r"})],
        ],
        {"a": ("firing", 1, 0), "b": ("resolved", 0, 1)},
    ),
    "a clock that is an hour ahead": Case(
        [
            [firing("a", startsAt=(NOW + 60 * MINUTE).isoformat())],
            [resolved("a", NOW + 30 * MINUTE, startsAt=(NOW + 60 * MINUTE).isoformat())],
        ],
        {"a": ("resolved", 0, 1)},
    ),
    "an end before its start": Case(
        [[resolved("a", NOW - 20 * MINUTE)]], {"a": ("resolved", 0, 1)}
    ),
    **{
        f"an end whose annotation is {name}": Case(
            [[firing("a")], [resolved("a", annotations={"d": value})]],
            {"a": ("resolved", 0, 1)},
        )
        for name, value in {"long": "x" * 65537, "null": None, "a number": 93.2}.items()
    },
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_a_history_leaves_what_it_means(intake: Intake, case: Case) -> None:
    for alerts in case.deliveries:
        result = await intake.deliver(*alerts, now=NOW)
        assert (result.accepted, result.rejected) == (len(alerts), [])

    for fingerprint, (status, still_open, closed) in case.alerts.items():
        alert = await intake.alert(fingerprint)
        ends = [episode.closed_at for episode in alert.episodes]
        assert (alert.status, ends.count(None)) == (status, still_open)
        assert len(ends) - ends.count(None) == closed
        for episode in alert.episodes:
            assert episode.opened_at <= (episode.closed_at or NOW + 2 * MINUTE) <= NOW + 2 * MINUTE
    for fingerprint, annotations in case.annotations.items():
        assert (await intake.alert(fingerprint)).annotations == annotations
    assert len(await intake.rows("alert")) == len(case.alerts)


@dataclass(frozen=True)
class Said:
    """A report: when we got it and when its alert began, in minutes, and who sent it."""

    at: int
    began: int
    prometheus: str = "prometheus"
    alertmanager: str = "alertmanager"
    status: str = "firing"


SENDERS = {
    "two clusters": (
        [Said(0, -9, "p-a"), Said(60, 50, "p-b"), Said(65, -9, "p-a"), Said(70, 50, "p-b")],
        "p-b and p-a",
    ),
    "two clusters with equal names of Prometheus, and the newer one came first": (
        [
            Said(60, 50, alertmanager="b.example:9093"),
            Said(61, -9, alertmanager="A.example:9093"),
            Said(120, 50, alertmanager="b.example:9093"),
            Said(121, 50, alertmanager="b.example:9093"),
        ],
        "b.example and a.example",
    ),
    "two clusters, and an end in one ends the alert of the other": (
        [
            Said(60, 50, "p-b"),
            Said(65, -9, "p-a"),
            Said(70, -9, "p-a", status="resolved"),
            Said(75, 50, "p-b"),
        ],
        "p-b and p-a",
    ),
    "two clusters whose names are all equal": (
        [Said(60, 50), Said(65, -9), Said(70, 50), Said(75, -9)],
        None,
    ),
    "two replicas of Prometheus": (
        [Said(60, -9, "p-0"), Said(65, -8, "p-1"), Said(70, -9, "p-0"), Said(75, -8, "p-1")],
        None,
    ),
    # Only then does Alertmanager see the replica that has not restarted: it keeps the earlier start
    # from there on, with the address of either.
    "two replicas of Prometheus after a restart of Alertmanager": (
        [
            Said(60, 50, "p-1"),
            Said(65, -9, "p-0"),
            Said(70, -9, "p-1", status="resolved"),
            Said(75, -9, "p-0"),
        ],
        None,
    ),
    "two replicas of Alertmanager": (
        [Said(60 + 5 * n, -9, alertmanager=f"a-{n % 2}") for n in range(4)],
        None,
    ),
    "a restart on another host, and a report from before it": (
        [Said(0, -9, "p-x"), Said(21, 20, "p-y"), Said(22, -9, "p-x"), Said(99, 20, "p-y")],
        None,
    ),
    "two restarts on other hosts": (
        [Said(0, -9, "p-x"), Said(60, 50, "p-y"), Said(65, -9, "p-x"), Said(120, 110, "p-z")],
        None,
    ),
}


def counted() -> float:
    return REGISTRY.get_sample_value("backend_alerts_shared_total") or 0


@pytest.mark.parametrize(("reports", "named"), SENDERS.values(), ids=SENDERS.keys())
async def test_only_two_clusters_behind_one_integration_are_named(
    intake: Intake, logged: Logged, reports: list[Said], named: str | None
) -> None:
    now, before = NOW, counted()
    for said in reports:
        now = NOW + said.at * MINUTE
        alert = make_alert(
            "a",
            status=said.status,
            starts_at=NOW + said.began * MINUTE,
            ends_at=None if said.status == "firing" else now,
            generatorURL=f"http://{said.prometheus}:9090/graph",
        )
        await intake.deliver(alert, now=now, externalURL=f"http://user@{said.alertmanager}")

    async with intake.database.read_sessions() as session:
        health = (await service.intake_health(session, now=now))[0]
        later = (await service.intake_health(session, now=now + timedelta(days=2)))[0]
    assert (health.shared_by, later.shared_by) == (named, None)
    assert counted() - before == (named is not None)
    lines = logged.events("integration_shared")
    assert [(line["integration"], line["hosts"]) for line in lines] == (
        [("default", named)] if named else []
    )
    assert (await intake.alert("a")).status == "firing"
    assert len(await intake.rows("open_episode")) == 1


async def test_five_thousand_alerts_are_one_delivery(client: httpx2.AsyncClient) -> None:
    posted = await client.post(WEBHOOK, json=make_message(*make_group(5000)))

    assert posted.json() == {"accepted": 5000, "rejected": []}


MESSAGE = orjson.dumps(make_message(firing("a")))


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (MESSAGE + b"\n", 200), (b"\xef\xbb\xbf" + MESSAGE, 200)],
    ids=["nothing", "a line break at the end", "a byte order mark"],
)
async def test_what_is_around_a_message(
    client: httpx2.AsyncClient, body: bytes, status: int
) -> None:
    posted = await client.post(WEBHOOK, content=body)

    assert posted.status_code == status
    assert status == 200 or posted.json()["detail"] == "The body is not valid JSON."


NAMES = {
    "host.name": "web-1",
    "k8s.io/app": "till",
    "proc[2]": "x",
    "wéb \N{FIRE}": "ja",
    'a"b': "c",
    "service.name": "till",
}


async def test_label_names_of_opentelemetry_are_kept_and_found(client: httpx2.AsyncClient) -> None:
    await client.post(WEBHOOK, json=make_message(firing("a", labels=NAMES), firing("b")))

    for name, value in NAMES.items():
        found = await client.get("/api/v1/alerts", params={"label": f"{name}={value}"})
        assert [item["fingerprint"] for item in found.json()["items"]] == ["a"], name
        assert found.json()["items"][0]["labels"] == NAMES
        assert found.json()["items"][0]["service"] == "till"
