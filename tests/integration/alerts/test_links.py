"""Links to the source of an alert: only what can be followed, and never at an alert's cost."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import orjson
import pytest

from tests.support.alertmanager import make_alert, make_message
from tests.support.intake import Intake

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
WEBHOOK = "/api/v1/webhooks/alertmanager"
GRAPH = "https://prometheus.example/graph?g0.expr=a%3E1+and+b&g0.tab=1"
LONG = "https://prometheus.example/graph?g0.tab=1&g0.expr=" + "%28up%29" * 500


@pytest.mark.parametrize(
    ("sent", "link", "expression"),
    [
        (GRAPH, GRAPH, "a>1 and b"),
        ("http://localhost:10902/alerts", "http://localhost:10902/alerts", None),
        ("HTTPS://prometheus.example", "HTTPS://prometheus.example", None),
        ("", None, None),
        (None, None, None),
        (7, None, None),
        ({"g0.expr": "up"}, None, None),
        ("/graph?g0.expr=up%00+%3D%3D+0", None, "up == 0"),
        ("javascript:alert(1)", None, None),
        ("//evil.example/", None, None),
        ("http:///graph", None, None),
        ("https://a.example/\nhttps://b.example/", None, None),
        ("https://a.example/\x00", None, None),
        (LONG, None, ("(up)" * 512)[:2048].removesuffix("(up)" * 12)),
        ("https://a.example/" + "x" * 2_000_000, None, None),
    ],
)
async def test_only_addresses_that_can_be_followed_become_links(
    client: httpx2.AsyncClient, sent: object, link: str | None, expression: str | None
) -> None:
    message = make_message(make_alert("f", generatorURL=sent), externalURL=9)
    answer = await client.post(WEBHOOK, content=orjson.dumps(message))

    assert answer.json() == {"accepted": 1, "rejected": []}
    stored = (await client.get("/api/v1/alerts/default/f")).json()
    assert stored["links"] == ({"source": link} if link else {})
    assert stored["expression"] == expression


async def test_a_broken_address_does_not_cost_the_other_links(
    client: httpx2.AsyncClient,
) -> None:
    body = orjson.dumps(make_message(make_alert("f", silenceURL="https://@")))
    for broken in (rb"\ud800", b"\xff"):
        await client.post(WEBHOOK, content=body.replace(b"@", broken))
        stored = (await client.get("/api/v1/alerts/default/f")).json()
        assert set(stored["links"]) == {"source", "alertmanager"}


async def test_another_replicas_links_are_no_change(intake: Intake) -> None:
    await intake.deliver(make_alert("f", generatorURL=GRAPH), now=NOW)
    (before,) = await intake.rows("alert")

    other = make_alert("f", generatorURL="http://prometheus-1.example/")
    await intake.deliver(other, now=NOW + timedelta(hours=1), externalURL="http://am-1.example")
    (after,) = await intake.rows("alert")

    assert (after.links, after.times_seen) == (before.links, 2)
    assert before.links == {"source": GRAPH, "alertmanager": "http://alertmanager.example"}


@pytest.mark.parametrize(
    ("ended", "later", "links"),
    [
        (True, {"generatorURL": GRAPH}, {"source": GRAPH}),
        (False, {"generatorURL": GRAPH, "annotations": {"summary": "new"}}, {"source": GRAPH}),
        (True, {"generatorURL": ""}, {"panel": "https://a.example/panel"}),
    ],
    ids=["fires again", "other annotations", "without links"],
)
async def test_a_change_brings_its_links(
    intake: Intake, *, ended: bool, later: dict[str, Any], links: dict[str, str]
) -> None:
    first = make_alert("f", generatorURL=None, panelURL="https://a.example/panel")
    await intake.deliver(first, now=NOW, externalURL="")
    if ended:
        end = make_alert("f", status="resolved", ends_at=NOW, generatorURL="https://b.example/")
        await intake.deliver(end, now=NOW, externalURL="")

    hour = NOW + timedelta(hours=1)
    await intake.deliver(make_alert("f", starts_at=hour, **later), now=hour, externalURL="")

    assert (await intake.alert("f")).links == links


async def test_links_reach_every_alert_of_a_list(
    client: httpx2.AsyncClient, intake: Intake
) -> None:
    alerts = [make_alert("f", generatorURL=GRAPH), make_alert("g", generatorURL="")]
    await intake.deliver(*alerts, now=NOW, externalURL="")

    listed = (await client.get("/api/v1/alerts")).json()["items"]
    assert [item["links"] for item in listed] == [{}, {"source": GRAPH}]
