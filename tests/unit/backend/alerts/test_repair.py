"""From a body with odd decoration to a delivery: what is repaired, and what survives."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.alerts.intake.limits import MAX_ALERT_BYTES
from backend.alerts.intake.parsing import parse_delivery
from tests.support.alertmanager import Json, make_alert, make_message
from tests.support.decoration import DECORATIONS, ENVELOPES, members
from tests.support.parsed import accepted, encoded, raw_alert, rejections, stored

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
START = datetime(2026, 11, 1, 10, tzinfo=UTC)

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
# The same, of what no JSON encoder writes.
DECORATION_BYTES: dict[str, tuple[bytes, str, Json]] = {
    "a bare tab": (b'{"a":"x\ty"}', "annotation_converted", {"a": "x\ty"}),
    "a bare NUL": (b'{"a":"x\x00y"}', "annotation_converted", {"a": "x�y"}),
    "a bare NUL in a list": (b'{"a":["\x00"]}', "annotation_converted", {"a": '["�"]'}),
    "an unknown escape": (rb'{"a":"C:\Users\\x"}', "annotation_converted", {"a": r"C:\Users\x"}),
    "half an escape": (rb'{"a":"\u12"}', "annotation_converted", {"a": r"\u12"}),
    "a huge number": (b'{"a":1e400,"b":-0}', "annotation_converted", {"a": "1e400", "b": "-0"}),
    "many digits": (b'{"a":%b}' % (b"7" * 5000), "annotation_converted", {"a": "7" * 5000}),
    "deep nesting": (
        b'{"a":%b}' % (b"[" * 70_000 + b"]" * 70_000),
        "annotation_cut",
        {"a": "[" * 65535 + "…"},
    ),
    "half an escape at the cut": (
        b'{"a":"%b"}' % (rb"\u00e9" * 200_000),
        "annotation_cut",
        {"a": "é" * 65535 + "…"},
    ),
    "backslashes at the cut": (
        b'{"a":"%b"}' % (rb"\\" * 500_000),
        "annotation_cut",
        {"a": "\\" * 65535 + "…"},
    ),
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
    before, alert, after = accepted(delivery)
    assert (before.fingerprint, after.fingerprint) == ("a", "c")
    assert (alert.status, alert.annotations) == (status, kept)


@pytest.mark.parametrize(
    ("sent", "code", "kept"), DECORATION_BYTES.values(), ids=DECORATION_BYTES.keys()
)
async def test_bytes_in_decoration_never_cost_an_alert(sent: bytes, code: str, kept: Json) -> None:
    body = b'{"alerts":[%b,%b]}' % (raw_alert(annotations=sent), raw_alert(fingerprint=b'"g"'))

    delivery = await parse_delivery(body)

    assert rejections(delivery) == []
    assert [note.index for note in delivery.repairs.listed] == [0] * len(delivery.repairs.listed)
    assert code in delivery.repairs.by_code
    assert accepted(delivery)[0].annotations == kept


UNKNOWN = {
    "bytes that are not UTF-8": b'"\xe9"',
    "half a surrogate pair": rb'"\ud83d"',
    "a bare line break": b'"a\nb"',
    "many digits": b"1" * 5000,
    "deep nesting": b"[" * 5000 + b"]" * 5000,
    "a comma too many": b"[1,]",
}


@pytest.mark.parametrize("value", UNKNOWN.values(), ids=UNKNOWN.keys())
@pytest.mark.parametrize("place", ["an alert", "the envelope"])
async def test_what_nobody_reads_may_hold_anything(value: bytes, place: str) -> None:
    alert = raw_alert(values=value) if place == "an alert" else raw_alert()
    body = b'{"alerts":[%b],"title":%b}' % (alert, value if place == "the envelope" else b"1")

    delivery = await parse_delivery(body)

    assert stored(delivery) == [("f", 1)]


async def test_the_largest_annotations_that_are_kept_do_not_make_an_alert_too_large() -> None:
    annotations = {str(number): "\N{FIRE}" * 65536 for number in range(4)}
    body = encoded(make_message(make_alert("f", annotations=annotations)))

    (alert,) = accepted(await parse_delivery(body))

    assert alert.annotations == annotations


async def test_an_annotation_that_all_alerts_share_may_be_large() -> None:
    # Alertmanager repeats it in `commonAnnotations`.
    huge = {"log": "x" * 2 * MAX_ALERT_BYTES}
    alert = make_alert("f", annotations=huge)

    delivery = await parse_delivery(encoded(make_message(alert, commonAnnotations=huge)))

    assert stored(delivery) == [("f", 1)]


ODD: dict[str, tuple[Json, str, Json]] = {
    "numbers": (
        {"labels": {"port": 8443, "f": 1.5}},
        "label_converted",
        {"port": "8443", "f": "1.5"},
    ),
    "a boolean": ({"labels": {"a": True}}, "label_converted", {"a": "true"}),
    "null": ({"labels": {"a": None, "b": "x"}}, "label_dropped", {"b": "x"}),
    "null for none": ({"labels": None}, "label_dropped", {}),
    "an empty end": ({"endsAt": "", "labels": {}}, "time_dropped", {}),
}


@pytest.mark.parametrize(("sent", "code", "labels"), ODD.values(), ids=ODD.keys())
async def test_labels_and_times_of_other_senders_are_read(
    sent: Json, code: str, labels: Json
) -> None:
    delivery = await parse_delivery(encoded(make_message(make_alert() | sent)))

    (alert,) = accepted(delivery)
    assert [note.code for note in delivery.repairs.listed] == [code]
    assert alert.labels == labels


@pytest.mark.parametrize("missing", [{}, {"fingerprint": None}, {"fingerprint": ""}])
async def test_a_missing_fingerprint_is_the_one_of_alertmanager(missing: Json) -> None:
    labels = {"alertname": "HighErrorRate", "service": "checkout", "severity": "critical"}
    empty = {"instance": "", "": ""}
    alert = {"status": "firing", "labels": labels | empty} | missing

    delivery = await parse_delivery(encoded({"alerts": [alert]}))

    # What Alertmanager 0.25 gives these labels, after it has dropped the empty ones.
    assert stored(delivery) == [("7d2d332feada5c59", 1)]


ODD_LABELS: dict[str, tuple[bytes, Json]] = {
    "numbers as they are written": (
        b'{"a":1e400,"b":-0,"c":1E5,"d":12345678901234567890,"e":1.50,"f":NaN}',
        {"a": "1e400", "b": "-0", "c": "1E5", "d": "12345678901234567890", "e": "1.50", "f": "NaN"},
    ),
    "the last of equal names": (rb'{"a":"1","\u0061":2,"a":"3","b":1}', {"a": "3", "b": "1"}),
    "equal names, the last null": (rb'{"a":"1","\u0061":null,"b":1}', {"b": "1"}),
    "a bare tab": (b'{"a":"x\ty"}', {"a": "x\ty"}),
    "a surrogate pair": (rb'{"a":"\ud83d\udd25","b":1}', {"a": "\N{FIRE}", "b": "1"}),
}


@pytest.mark.parametrize(("labels", "read"), ODD_LABELS.values(), ids=ODD_LABELS.keys())
async def test_labels_are_kept_as_they_were_written(labels: bytes, read: Json) -> None:
    delivery = await parse_delivery(b'{"alerts":[%b]}' % raw_alert(labels=labels))

    (alert,) = accepted(delivery)
    assert alert.labels == read


async def test_the_last_of_equal_members_counts_in_a_repaired_alert_too() -> None:
    twice = raw_alert()[:-1] + rb',"\u0073tatus":"resolved","annotations":{"a":%b}}'

    plain, odd = [await parse_delivery(b'{"alerts":[%b]}' % (twice % v)) for v in (b'"1"', b"1")]

    assert accepted(plain) == accepted(odd)
    assert accepted(odd)[0].status == "resolved"


async def test_bytes_that_are_not_utf_8_cost_the_others_nothing() -> None:
    texts = [make_alert("a", labels={"x": "LATIN"}), make_alert("b", annotations={"x": "LATIN"})]
    body = encoded(make_message(make_alert("0"), *texts, groupKey="LATIN"))

    delivery = await parse_delivery(body.replace(b"LATIN", "é".encode("latin-1")))

    assert rejections(delivery) == [(1, "invalid_utf8")]
    assert [alert.annotations for alert in accepted(delivery)][1] == {"x": "�"}
    assert delivery.envelope.group_key == "�"


async def test_a_lone_surrogate_around_the_alerts_is_no_reason_to_lose_them() -> None:
    message = make_message(make_alert("a"), groupKey='{}:{pod="\ud83d"}')

    delivery = await parse_delivery(encoded(message))

    assert delivery.envelope.group_key == '{}:{pod="�"}'
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


@given(
    envelope=ENVELOPES,
    alerts=st.lists(st.tuples(DECORATIONS, st.sampled_from(["firing", "resolved"])), max_size=4),
    data=st.data(),
)
async def test_whatever_the_decoration_status_labels_and_times_survive(
    envelope: list[tuple[bytes, bytes]],
    alerts: list[tuple[list[tuple[bytes, bytes]], str]],
    data: st.DataObject,
) -> None:
    sent = []
    for number, (decoration, status) in enumerate(alerts):
        counts = [
            (b"status", b'"%b"' % status.encode()),
            (b"labels", b'{"name": "caf\xc3\xa9", "number": "%d"}' % number),
            (b"startsAt", b'"2026-11-01T10:00:00Z"'),
            (b"fingerprint", b'"%04d"' % number),
        ]
        sent.append(members(*data.draw(st.permutations(counts + decoration))))
    around = data.draw(st.permutations([*envelope, (b"alerts", b"[%b]" % b", ".join(sent))]))

    delivery = await parse_delivery(members(*around))

    assert rejections(delivery) == []
    assert [
        (alert.fingerprint, alert.status, alert.labels, alert.starts_at)
        for alert in accepted(delivery)
    ] == [
        (f"{number:04d}", status, {"name": "café", "number": str(number)}, START)
        for number, (_, status) in enumerate(alerts)
    ]
    for alert in accepted(delivery):
        kept = "".join((alert.annotations or {}).values())
        assert not UNSTORABLE.search(kept)
