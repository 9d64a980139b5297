"""Events of scripts and other tools: alerts like any other, found by the key that they name."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from tests.support.intake import Intake

EVENTS = "/api/v1/events"
BEFORE = (datetime.now(UTC) - timedelta(minutes=5)).isoformat(timespec="seconds")
GO_ZERO = "0001-01-01T00:00:00Z"


def event(status: str = "firing", **changes: object) -> dict[str, Any]:
    return {"dedup_key": "backup/orders", "status": status, **changes}


async def stored(client: httpx2.AsyncClient, fingerprint: str) -> dict[str, Any]:
    alert: dict[str, Any] = (await client.get(f"/api/v1/alerts/default/{fingerprint}")).json()
    return alert


async def test_an_event_becomes_an_alert_and_its_end_needs_only_the_key(
    client: httpx2.AsyncClient,
) -> None:
    began = datetime.now(UTC) - timedelta(hours=1)
    firing = event(
        summary="The backup failed",
        description="No space is left",
        service="orders",
        severity="critical",
        labels={"host": "db-1", "port": 5432},
        links={"source": "https://ci.example/1", "runbook_url": "https://wiki.example/backup"},
        starts_at=int(began.timestamp()),
    )
    answers = [await client.post(EVENTS, json=sent) for sent in (firing, firing, event("resolved"))]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert answers[2].json() == {
        "accepted": 1,
        "rejected": [],
        "fingerprints": ["backup/orders"],
    }
    alert = await stored(client, answers[0].json()["fingerprints"][0])
    assert (alert["status"], alert["times_seen"], alert["service"]) == ("resolved", 3, "orders")
    assert alert["starts_at"] == began.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert alert["labels"] == {
        "alertname": "backup/orders",
        "service": "orders",
        "severity": "critical",
        "host": "db-1",
        "port": "5432",
    }
    assert alert["annotations"] == {
        "summary": "The backup failed",
        "description": "No space is left",
        "runbook_url": "https://wiki.example/backup",
    }
    assert alert["links"] == {"source": "https://ci.example/1"}
    assert len(alert["episodes"]) == 1


async def test_an_end_with_a_text_keeps_the_labels(client: httpx2.AsyncClient) -> None:
    await client.post(EVENTS, json=event(service="orders", severity="critical"))
    await client.post(EVENTS, json=event("resolved", summary="It works again"))

    alert = await stored(client, "backup/orders")
    assert alert["annotations"] == {"summary": "It works again"}
    assert alert["labels"]["severity"] == "critical"
    assert (await client.get("/api/v1/alerts?service=orders&severity=critical")).json()["items"]


@pytest.mark.parametrize("key", ["two words", "größe", "x" * 129, ".."])
async def test_a_key_that_fits_into_no_address_is_hashed(
    client: httpx2.AsyncClient, key: str
) -> None:
    answer = await client.post(EVENTS, json=event(dedup_key=key))
    alert = await stored(client, answer.json()["fingerprints"][0])
    assert alert["labels"] == {"alertname": key}


async def test_a_wrong_event_does_not_cost_the_others(
    client: httpx2.AsyncClient, intake: Intake
) -> None:
    sent = [
        event("broken"),
        event(summary=5, links=7, description="\0"),
        7,
        event(dedup_key=""),
        event(starts_at="2026-11-30T10:00:00"),
        event(labels={"x": []}),
        {"status": "firing"},
    ]
    answer = await client.post(EVENTS, json=sent)

    result = answer.json()
    assert (answer.status_code, result["accepted"]) == (200, 1)
    assert {each["index"]: each["detail"] for each in result["rejected"]} == {
        0: "`status`: It must be 'firing' or 'resolved'.",
        2: "An event must be a JSON object.",
        3: "`dedup_key`: It must have at least 1 characters.",
        4: "`starts_at`: It must say its offset from UTC, for example Z.",
        5: 'The value of label "x" must be a text.',
        6: "`dedup_key`: It is missing.",
    }
    assert {(each["index"], each["code"]) for each in result["repaired"]} == {
        (1, "annotation_converted")
    }
    assert result["fingerprints"] == [None, "backup/orders", *[None] * 5]
    (record,) = await intake.rows("delivery")
    assert (record.receiver, record.accepted, record.rejected) == ("events", 1, 6)


ODD = {
    "half a surrogate pair": (rb'"cut \ud83d"', "cut \ufffd"),
    "latin-1": (b'"gr\xfcn"', "gr\ufffdn"),
    "bare control characters": (b'"two\nlines\t"', "two\nlines\t"),
    "nested deeply": (b"[" * 300 + b"]" * 300, "[" * 300 + "]" * 300),
}


@pytest.mark.parametrize(("value", "text"), ODD.values(), ids=ODD.keys())
async def test_an_odd_text_costs_no_event(
    client: httpx2.AsyncClient, value: bytes, text: str
) -> None:
    one = b'{"dedup_key": "a", "status": "firing", "labels": null, "summary": %b}' % value
    other = b'{"dedup_key": "b", "status": "firing", "labels": {"x": %b}}' % value
    third = b'{"dedup_key": %b, "status": "firing"}' % value
    last = b'{"dedup_key": "c", "status": "firing", "starts_at": NaN}'
    sent = b"\xef\xbb\xbf[%b]" % b",".join([one, other, third, last, b'{"dedup_key": "d"}'])

    answer = await client.post(EVENTS, content=sent)

    assert answer.status_code == 200
    assert answer.json()["fingerprints"][0] == "a"
    assert answer.json()["fingerprints"][3:] == [None, None]
    assert (await stored(client, "a"))["annotations"] == {"summary": text}


async def test_bytes_that_are_not_utf_8_are_no_key(client: httpx2.AsyncClient) -> None:
    """Two such keys could not be told apart."""
    answer = await client.post(EVENTS, content=b'{"dedup_key": "gr\xfcn", "status": "firing"}')

    (rejected,) = answer.json()["rejected"]
    assert rejected["detail"] == "`dedup_key`: It contains what is no character."


async def test_values_without_a_bottom_are_refused(client: httpx2.AsyncClient) -> None:
    for depth in (1000, 100_000):
        value = b"[" * depth + b"]" * depth
        sent = b'{"dedup_key": "a", "status": "firing", "summary": %b}' % value
        answer = await client.post(EVENTS, content=sent)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (event(starts_at=BEFORE), event("resolved")),
        (event(starts_at=BEFORE), event("resolved", ends_at=GO_ZERO)),
        (event("resolved", ends_at=BEFORE), event()),
        (event(), event("resolved")),
        (event("resolved"), event()),
    ],
    ids=range(5),
)
async def test_what_says_no_time_happens_now_in_a_list_as_well(
    client: httpx2.AsyncClient, earlier: dict[str, Any], later: dict[str, Any]
) -> None:
    assert (await client.post(EVENTS, json=[earlier, later])).json()["accepted"] == 2

    assert (await stored(client, "backup/orders"))["status"] == later["status"]


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        ("", 400, "malformed_json"),
        ("[]", 422, "no_events"),
        (f"[{','.join(['{}'] * 1001)}]", 422, "too_many_events"),
        (f'"{"x" * 1024 * 1024}"', 413, "body_too_large"),
    ],
)
async def test_a_body_without_events_is_refused_and_recorded(
    client: httpx2.AsyncClient, intake: Intake, content: str, status: int, code: str
) -> None:
    answer = await client.post(EVENTS, content=content)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    (record,) = await intake.rows("delivery")
    assert (record.refusal, record.accepted) == (code, 0)


async def test_a_script_sees_in_the_status_that_nothing_was_accepted(
    client: httpx2.AsyncClient,
) -> None:
    answer = await client.post(EVENTS, json=event("fire"))
    assert answer.status_code == 422
    assert answer.json()["fingerprints"] == [None]
    assert answer.json()["rejected"][0]["code"] == "invalid_event"
