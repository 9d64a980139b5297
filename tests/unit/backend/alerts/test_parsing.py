"""From a body to a delivery: what is accepted, what is rejected and why, what is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.alerts.errors import MalformedJson, NotAlertmanagerMessage
from backend.alerts.intake import parsing
from backend.alerts.intake.delivery import Delivery
from backend.alerts.intake.limits import (
    CHUNK_ALERTS,
    CHUNK_BYTES,
    MAX_ALERT_BYTES,
    MAX_REPORTED_NOTES,
)
from backend.alerts.intake.parsing import parse_delivery
from tests.support.alertmanager import Json, make_alert, make_group, make_message
from tests.support.parsed import encoded, raw_alert, rejections, stored

BROKEN: dict[str, tuple[object, str]] = {
    "a number": (5, "not_an_object"),
    "a list": ([], "not_an_object"),
    "no status": ({"labels": {}, "fingerprint": "f"}, "missing_field"),
    "no labels": ({"status": "firing", "fingerprint": "f"}, "missing_field"),
    "another status": (make_alert(status="pending"), "invalid_status"),
    "a long fingerprint": (make_alert("f" * 129), "invalid_fingerprint"),
    "a fingerprint with a line break": (make_alert("f\n"), "invalid_fingerprint"),
    "a fingerprint that is a number": ({**make_alert(), "fingerprint": 7}, "invalid_fingerprint"),
    "a naive start": (make_alert(starts_at="2026-11-01T10:00:00"), "invalid_time"),
    "a start that is a number": (make_alert(startsAt=1793527200), "invalid_time"),
    "an end that is no time": (make_alert(ends_at="tomorrow"), "invalid_time"),
    "a label that is a list": (make_alert(labels={"code": [500]}), "invalid_labels"),
    "labels that are a list": ({**make_alert(), "labels": []}, "invalid_labels"),
    "a NUL in a label's value": (make_alert(labels={"a": "x\x00"}), "nul_character"),
    "a NUL in a label's name": (make_alert(labels={"a\x00": "x"}), "nul_character"),
    "half a surrogate pair": (make_alert(labels={"a": "\ud83d"}), "lone_surrogate"),
    "too many labels": (make_alert(labels={f"l{n}": "" for n in range(129)}), "too_many_labels"),
    "far too many": (make_alert(labels={f"l{n}": "" for n in range(9999)}), "too_many_labels"),
    "a long label name": (make_alert(labels={"n" * 257: ""}), "label_name_too_long"),
    "a long label value": (make_alert(labels={"a": "v" * 16385}), "label_value_too_long"),
    "huge labels": (make_alert(labels={"a": "v" * MAX_ALERT_BYTES}), "alert_too_large"),
}


@pytest.mark.parametrize(("broken", "code"), BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_alert_is_named_and_costs_the_others_nothing(
    broken: object, code: str
) -> None:
    message = make_message(make_alert("a"), broken, make_alert("b"))

    delivery = await parse_delivery(encoded(message))

    assert rejections(delivery) == [(1, code)]
    assert stored(delivery) == [("a", 1), ("b", 1)]
    assert delivery.rejections.by_code == {code: 1}
    # Whatever was sent is not repeated.
    assert len(delivery.rejections.listed[0].detail) < 200
    assert delivery.rejections.listed[0].detail.isprintable()


DEEP = b"[" * 50_000 + b"]" * 50_000
BROKEN_BYTES = {
    "nested deeply": (DEEP, "not_an_object"),
    "a label nested deeply": (raw_alert(labels=b'{"a":%b}' % DEEP), "invalid_labels"),
    "labels nested deeply": (raw_alert(labels=DEEP), "invalid_labels"),
    "a status nested deeply": (raw_alert(status=DEEP), "invalid_status"),
    "a status of many digits": (raw_alert(status=b"1" * 5000), "invalid_json"),
    "a label with an unknown escape": (raw_alert(labels=rb'{"a":"C:\x"}'), "invalid_json"),
    "a label with a bare NUL": (raw_alert(labels=b'{"a":"\x00"}'), "nul_character"),
    "a label that is not UTF-8": (raw_alert(labels=b'{"a":"\xe9"}'), "invalid_utf8"),
    "a label's name that is not UTF-8": (raw_alert(labels=b'{"\xe9":"a"}'), "invalid_utf8"),
}


@pytest.mark.parametrize(("broken", "code"), BROKEN_BYTES.values(), ids=BROKEN_BYTES.keys())
async def test_bytes_that_break_an_alert_cost_the_others_nothing(broken: bytes, code: str) -> None:
    body = b'{"alerts":[%b,%b,%b]}' % (raw_alert(), broken, raw_alert(fingerprint=b'"b"'))

    delivery = await parse_delivery(body)

    assert rejections(delivery) == [(1, code)]
    assert stored(delivery) == [("b", 1), ("f", 1)]


BOUNDARIES: dict[str, Json] = {
    "labels": make_alert(labels={f"l{n}": "" for n in range(128)}),
    "label name": make_alert(labels={"n" * 256: ""}),
    "label value": make_alert(labels={"a": "é" * 16384}),
    "annotation": make_alert(annotations={"a": "v" * 65536}),
    "no annotations": {**make_alert(), "annotations": None},
    "fingerprint": make_alert("f" * 128),
    "fingerprint of a foreign sender": make_alert("grafana/7:a-b_c"),
    "unknown keys": make_alert(generatorURL=None, newKey={"deep": [1, {}]}),
    "no labels at all": make_alert(labels={}),
    "no times": {"status": "firing", "labels": {}, "fingerprint": "f"},
    "an escaped backslash before u0000": make_alert(labels={"path": "C:\\u0000"}),
}


@pytest.mark.parametrize("alert", BOUNDARIES.values(), ids=BOUNDARIES.keys())
async def test_what_is_odd_but_within_the_bounds_is_accepted(alert: Json) -> None:
    delivery = await parse_delivery(encoded(make_message(alert)))

    assert rejections(delivery) == []
    assert delivery.accepted == 1


REFUSED: dict[str, tuple[bytes, type[Exception]]] = {
    "nothing": (b"", MalformedJson),
    "text": (b"not json", MalformedJson),
    "half a message": (encoded(make_message(make_alert()))[:-3], MalformedJson),
    "an alert that is not JSON": (b'{"version":"4","alerts":[{"status":firing}]}', MalformedJson),
    "an envelope that is not JSON": (b'{"version":"4","alerts":[],"x":nope}', MalformedJson),
    "a list": (b"[]", NotAlertmanagerMessage),
    "an empty object": (b"{}", NotAlertmanagerMessage),
    "no alerts": (b'{"version":"4"}', NotAlertmanagerMessage),
    "alerts that are null": (b'{"version":"4","alerts":null}', NotAlertmanagerMessage),
    "alerts that are an object": (b'{"version":"4","alerts":{}}', NotAlertmanagerMessage),
}


@pytest.mark.parametrize(("body", "refusal"), REFUSED.values(), ids=REFUSED.keys())
async def test_a_body_that_is_no_message_is_refused(body: bytes, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        await parse_delivery(body)


async def test_the_group_status_is_not_even_read() -> None:
    message = make_message(make_alert("a"), status="resolved", truncatedAlerts=3)

    delivery = await parse_delivery(encoded(message))

    assert [alert.status for chunk in delivery.chunks() for alert in chunk.alerts] == ["firing"]
    assert delivery.envelope.truncated_alerts == 3


async def test_one_fingerprint_twice_counts_twice_and_the_later_event_decides() -> None:
    message = make_message(
        make_alert("a", status="resolved", ends_at="2026-11-01T12:00:00Z"),
        make_alert("a", starts_at="2026-11-01T10:00:00Z"),
        make_alert("b"),
    )

    delivery = await parse_delivery(encoded(message))

    (chunk,) = delivery.chunks()
    assert delivery.accepted == 3
    assert stored(delivery) == [("a", 2), ("b", 1)]
    assert [alert.status for alert in chunk.alerts] == ["resolved", "firing"]


async def test_chunks_are_ordered_over_the_whole_body_and_bounded_in_number() -> None:
    group = list(make_group(2 * CHUNK_ALERTS + 1))
    message = make_message(*reversed(group))

    delivery = await parse_delivery(encoded(message))

    lengths = [len(chunk.alerts) for chunk in delivery.chunks()]
    fingerprints = [fingerprint for fingerprint, _ in stored(delivery)]
    assert max(lengths) <= CHUNK_ALERTS
    assert fingerprints == sorted(alert["fingerprint"] for alert in group)


async def test_chunks_of_large_alerts_are_bounded_in_bytes() -> None:
    large = [
        make_alert(f"{n:02x}", annotations={f"a{m}": "x" * 60_000 for m in range(10)})
        for n in range(6)
    ]
    body = encoded(make_message(*large))
    assert len(body) > 3 * CHUNK_BYTES

    delivery = await parse_delivery(body)

    assert [len(chunk.alerts) for chunk in delivery.chunks()] == [1] * 6


async def test_all_rejections_are_counted_but_only_some_are_listed() -> None:
    body = encoded(make_message(*range(MAX_REPORTED_NOTES + 500)))

    delivery = await parse_delivery(body)

    assert delivery.rejections.total == MAX_REPORTED_NOTES + 500
    assert len(delivery.rejections.listed) == MAX_REPORTED_NOTES


TEXT = st.text(max_size=12)
ALERTS = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["firing", "resolved", "pending"]),
        "labels": st.dictionaries(TEXT, TEXT, max_size=3),
        "annotations": st.dictionaries(TEXT, TEXT | st.none(), max_size=2),
        "startsAt": st.sampled_from(["2026-11-01T10:00:00.123456789Z", "0001-01-01T00:00:00Z"]),
        "endsAt": st.sampled_from(["2026-11-01T11:00:00+01:00", "2026-11-01T10:00:00"]),
        "fingerprint": st.sampled_from(["a", "b", "c", "", "d e"]),
    }
)


@given(st.lists(ALERTS | st.integers(), max_size=8))
async def test_a_large_body_is_read_exactly_as_a_small_one(alerts: list[Any]) -> None:
    body = encoded(make_message(*alerts))

    whole = await parse_delivery(body)
    sliced = await parsing._parse_slices(body)

    assert _everything(sliced) == _everything(whole)


def _everything(delivery: Delivery) -> object:
    chunks = [(list(chunk.alerts), list(chunk.times)) for chunk in delivery.chunks()]
    envelope = (delivery.envelope.group_key, delivery.envelope.truncated_alerts)
    return delivery.accepted, delivery.rejections, chunks, envelope
