"""From a body with odd decoration to a delivery: what is repaired, and what survives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.alerts.intake.limits import MAX_ALERT_BYTES
from backend.alerts.intake.parsing import parse_delivery
from tests.support.alertmanager import Json, make_alert, make_message
from tests.support.parsed import accepted, encoded, rejections, stored

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
    before, alert, after = accepted(delivery)
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

    (alert,) = accepted(delivery)
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
    assert [alert.annotations for alert in accepted(delivery)][1] == {"x": "�"}
    assert delivery.envelope.group_key == "�"


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


TEXT = st.text(max_size=12)
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
    found = [(alert.fingerprint, alert.status) for alert in accepted(delivery)]
    assert found == [(alert["fingerprint"], alert["status"]) for alert in alerts]
    for alert in accepted(delivery):
        assert "\x00" not in "".join((alert.annotations or {}).values())
