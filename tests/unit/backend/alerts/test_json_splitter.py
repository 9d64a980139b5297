"""Splitting a body: the slices must be what a JSON parser sees, whatever the text looks like."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.alerts.errors import (
    MalformedJson,
    NotAlertmanagerMessage,
    RefusedDelivery,
    TooManyAlerts,
)
from backend.alerts.intake.json_splitter import split
from backend.alerts.intake.limits import MAX_ALERTS, MAX_MEMBERS

# Above all texts that look like structure.
TEXT = st.text(st.sampled_from('"\\{}[],: a\n\u0000é🔥'), max_size=8) | st.text(max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
INDENTS = st.sampled_from([None, 0, 2])


@given(
    alerts=st.lists(JSON, max_size=6),
    around=st.dictionaries(TEXT.filter(lambda key: key != "alerts"), JSON, max_size=4),
    indent=INDENTS,
    ascii_only=st.booleans(),
    alerts_first=st.booleans(),
)
def test_every_slice_is_one_element_and_the_rest_is_the_envelope(
    alerts: list[object],
    around: dict[str, object],
    indent: int | None,
    ascii_only: bool,
    alerts_first: bool,
) -> None:
    message = {"alerts": alerts, **around} if alerts_first else {**around, "alerts": alerts}
    text = json.dumps(message, indent=indent, ensure_ascii=ascii_only)
    body = text.encode("utf-8", "surrogatepass")

    parts = split(body, around)

    assert [json.loads(body[begin:end]) for begin, end in parts.alerts or ()] == alerts
    found = {name: json.loads(body[begin:end]) for name, (begin, end) in parts.envelope.items()}
    assert found == {**around, "alerts": alerts}


PIECES = st.sampled_from(
    [
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b"\\",
        b",",
        b":",
        b'"alerts"',
        b'{"alerts":[',
        b" ",
        b"1",
        b"\xff",
    ]
)


@given(st.lists(PIECES, max_size=25).map(b"".join) | st.binary(max_size=100))
def test_any_bytes_are_split_or_refused(body: bytes) -> None:
    with contextlib.suppress(RefusedDelivery):
        parts = split(body)
        assert all(begin < end <= len(body) for begin, end in parts.alerts or ())


@given(alerts=st.lists(JSON, min_size=1, max_size=3), data=st.data())
def test_a_body_that_ends_too_early_is_refused(alerts: list[object], data: st.DataObject) -> None:
    body = json.dumps({"version": "4", "alerts": alerts}).encode()
    length = data.draw(st.integers(1, len(body) - 1))

    with pytest.raises(RefusedDelivery):
        split(body[:length])


@pytest.mark.parametrize(
    "body",
    [
        b'{"alerts":[{} {}]}',
        b'{"alerts":[{},]}',
        b'{"alerts":[,{}]}',
        b'{"alerts":[{}]',
        b'{"alerts":[{}}',
        b'{"alerts":[{}]} {}',
        b'{"alerts" [{}]}',
        b"{alerts:[{}]}",
        b'{"alerts":[firing]}',
        b'{"alerts":[],"x":nope}',
        b'{"alerts":[{}],}',
        b'{"alerts":["never closed]}',
        b'{"alerts":["ends with a backslash\\',
    ],
)
def test_a_slip_in_the_structure_is_malformed_json(body: bytes) -> None:
    with pytest.raises(MalformedJson):
        split(body)


@pytest.mark.parametrize("body", [b"", b" ", b"not json", b"{", b"\xff\xfe{}"])
def test_what_is_no_json_at_all_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedJson):
        split(body)


@pytest.mark.parametrize("body", [b"[]", b"1", b'"text"', b"null"])
def test_json_that_is_no_object_is_no_message(body: bytes) -> None:
    with pytest.raises(NotAlertmanagerMessage):
        split(body)


def test_the_last_of_two_equal_keys_counts_as_for_any_json_parser() -> None:
    body = b'{"alerts":[1,2],"a":0,"\\u0061lerts":[3],"\\u0061":1}'

    parts = split(body, {"a"})

    assert [body[begin:end] for begin, end in parts.alerts or ()] == [b"3"]
    assert body[slice(*parts.envelope["a"])] == b"1"


@pytest.mark.parametrize("where", ['{"alerts":[%s]}', '{"x":%s,"alerts":[0]}'])
def test_nesting_costs_nothing_however_deep(where: str) -> None:
    deep = "[" * 100_000 + "]" * 100_000

    assert len(split((where % deep).encode()).alerts or ()) == 1


def test_more_alerts_than_a_delivery_may_have_are_refused() -> None:
    split(b'{"alerts":[' + b"0," * (MAX_ALERTS - 1) + b"0]}")
    with pytest.raises(TooManyAlerts):
        split(b'{"alerts":[' + b"0," * MAX_ALERTS + b"0]}")


def test_a_body_of_countless_members_is_not_read_to_its_end() -> None:
    """Five million members took 26 seconds."""
    members = b'"a":1,' * MAX_MEMBERS
    assert split(b"{" + members + b'"alerts":[]}').alerts == []
    with pytest.raises(NotAlertmanagerMessage, match="more than 1000 members"):
        split(b'{"b":2,"c":3,' + members + b"here the JSON ends")
