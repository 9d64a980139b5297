"""From a body to a delivery: what is accepted, what is rejected and why, what is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.alerts.errors import MalformedJson, NestingTooDeep, NotAlertmanagerMessage
from backend.alerts.intake import parsing
from backend.alerts.intake.delivery import Delivery
from backend.alerts.intake.limits import (
    CHUNK_ALERTS,
    CHUNK_BYTES,
    MAX_ALERT_BYTES,
    MAX_ENVELOPE_BYTES,
    MAX_REPORTED_NOTES,
)
from backend.alerts.intake.parsing import parse_delivery
from backend.alerts.intake.payload import AlertMessage
from tests.support.alertmanager import Json, make_alert, make_group, make_message


def encoded(message: object) -> bytes:
    return json.dumps(message).encode()


def rejections(delivery: Delivery) -> list[tuple[int, str]]:
    return [(rejected.index, rejected.code) for rejected in delivery.rejections.listed]


def stored(delivery: Delivery) -> list[tuple[str, int]]:
    return [
        (alert.fingerprint, times)
        for chunk in delivery.chunks()
        for alert, times in zip(chunk.alerts, chunk.times, strict=True)
    ]


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
    "a long label name": (make_alert(labels={"n" * 257: ""}), "label_name_too_long"),
    "a long label value": (make_alert(labels={"a": "v" * 16385}), "label_value_too_long"),
    "thousands of errors": (
        make_alert(labels={str(n): [] for n in range(2000)}),
        "invalid_alert",
    ),
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


# What is wrong, the code of the repair, and what is stored (AC-07, AC-17, AC-50 to AC-52).
DECORATION: dict[str, tuple[object, str, Json]] = {
    "an annotation that is null": ({"a": None, "b": "x"}, "annotation_dropped", {"b": "x"}),
    "a number": ({"a": 1.50}, "annotation_converted", {"a": "1.5"}),
    "a boolean": ({"a": True}, "annotation_converted", {"a": "true"}),
    "a list": ({"a": [1, {"b": "x"}]}, "annotation_converted", {"a": '[1, {"b": "x"}]'}),
    "a NUL": ({"a": "x\x00y"}, "annotation_converted", {"a": "x�y"}),
    "a NUL in a name": ({"a\x00": "x"}, "annotation_converted", {"a�": "x"}),
    "half a surrogate pair": ({"a": "x\ud83d"}, "annotation_converted", {"a": "x�"}),
    "a long one": ({"a": "v" * 65537}, "annotation_cut", {"a": "v" * 65535 + "…"}),
    "a long name": ({"n" * 257: "x", "b": "y"}, "annotation_dropped", {"b": "y"}),
    "many": (
        {f"a{n}": "" for n in range(400)},
        "annotation_dropped",
        {f"a{n}": "" for n in range(128)},
    ),
    "a gigantic one": (
        {"a": "é" * MAX_ALERT_BYTES, "b": "y"},
        "annotation_cut",
        {"a": "é" * 65535 + "…", "b": "y"},
    ),
    "a list instead": (["a"], "annotation_dropped", {}),
}


@pytest.mark.parametrize("status", ["firing", "resolved"])
@pytest.mark.parametrize(("sent", "code", "kept"), DECORATION.values(), ids=DECORATION.keys())
async def test_decoration_never_costs_an_alert(
    sent: object, code: str, kept: Json, status: str
) -> None:
    odd = make_alert("b", status=status) | {"annotations": sent}
    message = make_message(make_alert("a"), odd, make_alert("c"))

    delivery = await parse_delivery(encoded(message))

    assert rejections(delivery) == []
    assert [(note.index, note.code) for note in delivery.repairs.listed] == [(1, code)]
    before, alert, after = _alerts(delivery)
    assert (before.fingerprint, after.fingerprint) == ("a", "c")
    assert (alert.status, alert.annotations) == (status, kept)


ODD: dict[str, tuple[Json, str, Json]] = {
    "numbers": (
        {"labels": {"port": 8443, "f": 1.5}},
        "label_converted",
        {"port": "8443", "f": "1.5"},
    ),
    "a boolean": ({"labels": {"a": True}}, "label_converted", {"a": "true"}),
    "null": ({"labels": {"a": None, "b": "x"}}, "label_dropped", {"b": "x"}),
    "an empty end": ({"endsAt": "", "labels": {}}, "time_dropped", {}),
}


@pytest.mark.parametrize(("sent", "code", "labels"), ODD.values(), ids=ODD.keys())
async def test_labels_and_times_of_other_senders_are_read(
    sent: Json, code: str, labels: Json
) -> None:
    delivery = await parse_delivery(encoded(make_message(make_alert() | sent)))

    (alert,) = _alerts(delivery)
    assert [note.code for note in delivery.repairs.listed] == [code]
    assert alert.labels == labels


@pytest.mark.parametrize("missing", [{}, {"fingerprint": None}, {"fingerprint": ""}])
async def test_a_missing_fingerprint_is_the_one_of_alertmanager(missing: Json) -> None:
    labels = {"alertname": "HighErrorRate", "service": "checkout", "severity": "critical"}
    alert = {"status": "firing", "labels": labels} | missing

    delivery = await parse_delivery(encoded({"alerts": [alert]}))

    # What Alertmanager 0.25 gives these labels.
    assert stored(delivery) == [("7d2d332feada5c59", 1)]


async def test_bytes_that_are_not_utf_8_cost_the_others_nothing() -> None:
    texts = [make_alert("a", labels={"x": "LATIN"}), make_alert("b", annotations={"x": "LATIN"})]
    body = encoded(make_message(make_alert("0"), *texts, groupKey="LATIN"))

    delivery = await parse_delivery(body.replace(b"LATIN", "é".encode("latin-1")))

    assert rejections(delivery) == [(1, "invalid_utf8")]
    assert [alert.annotations for alert in _alerts(delivery)][1] == {"x": "�"}
    assert delivery.envelope.group_key == "�"


def _alerts(delivery: Delivery) -> list[AlertMessage]:
    return [alert for chunk in delivery.chunks() for alert in chunk.alerts]


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
    "a huge envelope": (
        encoded(make_message(groupKey="x" * MAX_ENVELOPE_BYTES)),
        NotAlertmanagerMessage,
    ),
    "deep nesting": (
        b'{"version":"4","alerts":[' + b"[" * 5000 + b"]" * 5000 + b"]}",
        NestingTooDeep,
    ),
}


@pytest.mark.parametrize(("body", "refusal"), REFUSED.values(), ids=REFUSED.keys())
async def test_a_body_that_is_no_message_is_refused(body: bytes, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        await parse_delivery(body)


async def test_a_lone_surrogate_around_the_alerts_is_no_reason_to_lose_them() -> None:
    message = make_message(make_alert("a"), groupKey='{}:{pod="\ud83d"}')

    delivery = await parse_delivery(encoded(message))

    assert delivery.envelope.group_key == '{}:{pod="?"}'
    assert delivery.accepted == 1


@pytest.mark.parametrize(
    "envelope",
    [
        {"version": "1"},
        {"version": 4},
        {"version": None},
        {"receiver": 1, "groupKey": None, "truncatedAlerts": None},
        {"truncatedAlerts": -1},
        {"truncatedAlerts": 1.5, "receiver": ["x"]},
    ],
    ids=str,
)
async def test_what_is_around_the_alerts_never_costs_them(envelope: Json) -> None:
    delivery = await parse_delivery(encoded(make_message(make_alert("a")) | envelope))

    assert (delivery.accepted, delivery.envelope.truncated_alerts) == (1, 0)


async def test_a_byte_order_mark_is_no_reason_either() -> None:
    assert (await parse_delivery(b"\xef\xbb\xbf" + encoded(make_message(make_alert())))).accepted


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


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=[]), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
ENVELOPES = st.dictionaries(
    st.sampled_from(
        ["version", "groupKey", "receiver", "truncatedAlerts", "status", "externalURL"]
    ),
    ANYTHING,
)
DECORATIONS = st.fixed_dictionaries(
    {},
    optional={
        "annotations": ANYTHING | st.dictionaries(TEXT, ANYTHING, max_size=4),
        "endsAt": st.sampled_from(["", None]),
        "generatorURL": ANYTHING,
        "values": ANYTHING,
    },
)


@given(ENVELOPES, st.lists(st.tuples(DECORATIONS, st.sampled_from(["firing", "resolved"]))))
async def test_whatever_the_decoration_status_and_identity_survive(
    envelope: Json, odd: list[tuple[Json, str]]
) -> None:
    alerts = [
        make_alert(f"{number:04d}", status=status) | decoration
        for number, (decoration, status) in enumerate(odd)
    ]

    delivery = await parse_delivery(encoded(make_message(*alerts) | envelope | {"alerts": alerts}))

    assert rejections(delivery) == []
    found = [(alert.fingerprint, alert.status) for alert in _alerts(delivery)]
    assert found == [(alert["fingerprint"], alert["status"]) for alert in alerts]
    for alert in _alerts(delivery):
        assert "\x00" not in "".join((alert.annotations or {}).values())


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
