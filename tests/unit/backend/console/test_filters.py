"""Filters and the addresses that carry them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from backend.alerts.schemas import AlertFilter, AlertStatus
from backend.console.filters import ABSENT, Filters, chips, is_canonical, parse_filters
from backend.errors import InvalidRequest


def parse(query: str) -> Filters:
    return parse_filters(QueryParams(query))


def test_an_empty_address_is_everything_that_fires() -> None:
    filters = parse("")
    assert filters == Filters()
    assert filters.grouped
    assert not filters.narrowing
    assert filters.to_alert_filter() == AlertFilter(statuses=(AlertStatus.FIRING,))


def test_fields_left_empty_are_no_filters() -> None:
    query = "status=firing&service=&severity=&integration=&label="
    assert parse(query) == Filters()
    assert not is_canonical(QueryParams(query))


def test_an_absent_label_is_asked_for_by_name() -> None:
    filters = parse("without=service&without=severity")
    assert filters.to_alert_filter().services == (ABSENT,)
    assert filters.to_alert_filter().severities == (ABSENT,)
    assert not filters.grouped
    assert parse("without=service&service=checkout").service == "checkout"


def test_one_group_and_what_does_not_fire_are_lists() -> None:
    assert parse("service=a").grouped
    assert not parse("service=a&severity=b").grouped
    assert not parse("status=resolved").grouped
    assert not parse("cursor=abc").grouped


def test_labels_are_split_at_the_first_equals_sign() -> None:
    filters = parse("label=a%3Db%3Dc&label=+d%3D+e&label=a%3Db%3Dc&label=empty%3D")
    assert filters.labels == (("a", "b=c"), ("d", " e"), ("empty", ""))
    assert filters.draft == ""


@pytest.mark.parametrize("typed", ["namespace", "=shop", " =x", "a\x00=b"])
def test_what_is_no_label_becomes_the_draft(typed: str) -> None:
    filters = parse_filters(QueryParams([("label", typed), ("label", "a=b")]))
    assert filters.draft == typed
    assert filters.labels == (("a", "b"),)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("status=burning", "The status 'burning' does not exist: choose one of firing, resolv"),
        ("without=pod", "not 'pod'"),
        ("service=a%00b", "NUL"),
    ],
)
def test_mistakes_are_explained(query: str, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        parse(query)


_WORDS = st.none() | st.text(min_size=1, max_size=40).filter(
    lambda text: text.strip() == text and "\x00" not in text
)
_LABELS = st.tuples(
    st.text("abc_", min_size=1, max_size=5), st.text(max_size=20).filter(lambda v: "\x00" not in v)
)


@given(
    st.builds(
        Filters,
        status=st.sampled_from(AlertStatus),
        service=st.just(ABSENT) | _WORDS,
        severity=st.just(ABSENT) | _WORDS,
        integration=_WORDS,
        labels=st.lists(_LABELS, max_size=5, unique=True).map(tuple),
        text=_WORDS,
        cursor=_WORDS,
    )
)
def test_an_address_says_exactly_its_filters(filters: Filters) -> None:
    query = QueryParams(filters.href().removeprefix("/").removeprefix("?"))
    assert parse_filters(query) == filters
    assert is_canonical(query)


def test_each_chip_leads_to_the_page_without_it() -> None:
    filters = parse(
        "service=a&without=severity&integration=i&label=x%3D1&label=y%3D2&q=5xx&cursor=c"
    )
    assert [(chip.name, chip.value, chip.href) for chip in chips(filters)] == [
        ("service", "a", "/?without=severity&integration=i&label=x%3D1&label=y%3D2&q=5xx"),
        ("without", "severity", "/?service=a&integration=i&label=x%3D1&label=y%3D2&q=5xx"),
        ("integration", "i", "/?service=a&without=severity&label=x%3D1&label=y%3D2&q=5xx"),
        ("x", "1", "/?service=a&without=severity&integration=i&label=y%3D2&q=5xx"),
        ("y", "2", "/?service=a&without=severity&integration=i&label=x%3D1&q=5xx"),
        ("text", "5xx", "/?service=a&without=severity&integration=i&label=x%3D1&label=y%3D2"),
    ]
