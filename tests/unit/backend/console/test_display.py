"""How values are written: ages, hostile text, links."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from backend.console.display import (
    age,
    external_link,
    moment,
    plural,
    shorten,
    visible,
)

NOW = datetime(2026, 11, 24, 3, 14, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "written"),
    [
        (timedelta(seconds=-90), "0 s"),
        (timedelta(0), "0 s"),
        (timedelta(seconds=59.9), "59 s"),
        (timedelta(minutes=1), "1 min"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=1), "1 h"),
        (timedelta(hours=3, minutes=12), "3 h 12 min"),
        (timedelta(days=1, minutes=59), "1 d"),
        (timedelta(days=45, hours=23), "45 d 23 h"),
        (timedelta(days=4000), "4000 d"),
    ],
)
def test_ages_have_two_units_at_most(since: timedelta, written: str) -> None:
    text = age(NOW - since, NOW)
    assert text.replace("\N{NO-BREAK SPACE}", " ") == written
    assert " " not in text


def test_a_moment_is_written_in_utc_whatever_its_zone() -> None:
    local = NOW.astimezone(timezone(timedelta(hours=5, minutes=45)))
    assert moment(local, "<b>") == Markup(
        '<time datetime="2026-11-24T03:14:07Z" title="2026-11-24 03:14:07 UTC">&lt;b&gt;</time>'
    )


def test_numbers_and_their_nouns() -> None:
    assert plural(1, "episode", "episodes") == "1\N{NO-BREAK SPACE}episode"
    assert plural(1234, "episode", "episodes") == "1,234\N{NO-BREAK SPACE}episodes"


def test_unseen_characters_are_shown() -> None:
    assert visible("a\u202eb<\u200b>\x07") == Markup(
        'a<span class="unseen">U+202E</span>b&lt;<span class="unseen">U+200B</span>&gt;'
        '<span class="unseen">U+0007</span>'
    )
    assert visible("two\nlines\tand a tab") == Markup("two\nlines\tand a tab")


@given(st.text())
def test_nothing_hidden_and_no_markup_passes(text: str) -> None:
    shown = visible(text).replace('<span class="unseen">', "").replace("</span>", "")
    assert not set(shown) & set("<>\"'\u202e\u2066\u200f\ufeff\x00")


@given(st.text(), st.integers(min_value=1, max_value=200))
def test_shortened_text_is_one_line_within_the_limit(text: str, limit: int) -> None:
    line = shorten(text, limit)
    assert len(line) <= limit
    assert "\n" not in line


def test_shortening_says_that_it_did() -> None:
    assert shorten("short", 5) == "short"
    assert shorten("longer", 5) == "long\N{HORIZONTAL ELLIPSIS}"
    assert shorten(" \n" * 10_000 + "far away", 5).endswith("\N{HORIZONTAL ELLIPSIS}")


@pytest.mark.parametrize(
    "text",
    ["http://a.example", "https://a.example:8443/x?y=z#f", "HTTPS://A.example/", "http://[::1]/"],
)
def test_web_addresses_are_links(text: str) -> None:
    assert external_link(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.example/x",
        "//a.example",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        " http://a.example",
        "http://a.example javascript:alert(1)",
        "http://a.example/\u202egpj",
        "data:text/html,x",
        "ftp://a.example",
        "http:///nowhere",
        "http://[broken",
        "see http://a.example",
    ],
)
def test_everything_else_stays_text(text: str) -> None:
    assert external_link(text) is None
