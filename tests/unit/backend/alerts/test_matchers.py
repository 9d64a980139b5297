"""Matchers of labels: Alertmanager's two grammars, and RE2 within bounds."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.alerts.errors import ExpressionTooExpensive, InvalidExpression, InvalidMatcher
from backend.alerts.lists import expressions
from backend.alerts.lists.label_conditions import plain_values
from backend.alerts.lists.matchers import Matcher, Operator


@pytest.mark.parametrize(
    ("text", "name", "operator", "value"),
    [
        ("a=b", "a", "=", "b"),
        ('a="b"', "a", "=", "b"),
        (' a != "b c" ', "a", "!=", "b c"),
        ("a=~b.*", "a", "=~", "b.*"),
        (r'a=~"b\.c"', "a", "=~", r"b\.c"),
        ("a!~b|c", "a", "!~", "b|c"),
        ("a=", "a", "=", ""),
        ('a=""', "a", "=", ""),
        ("a==b", "a", "=", "=b"),
        ("a=b,", "a", "=", "b,"),
        (r"a=x\ny", "a", "=", "x\ny"),
        (r'a="say \"hi\""', "a", "=", 'say "hi"'),
        (r"a=b\\", "a", "=", "b\\"),
        ("a=größe🙂", "a", "=", "größe🙂"),
        ("job:rate5m=x", "job:rate5m", "=", "x"),
        ('"service.name"="shop"', "service.name", "=", "shop"),
        ("service.name=shop", "service.name", "=", "shop"),
        ('"größe"=~"a\\\\.b"', "größe", "=~", r"a\.b"),
        (r'"\u00e4\x41"=b', "äA", "=", "b"),
        (r'"\xc3\xa4"=b', "ä", "=", "b"),
        ('"a b"!="c",', "a b", "!=", "c"),
    ],
)
def test_a_matcher_is_read_as_alertmanager_reads_it(
    text: str, name: str, operator: str, value: str
) -> None:
    assert Matcher.parse(text) == Matcher(name=name, operator=Operator(operator), value=value)


@pytest.mark.parametrize(
    "text",
    ["", "a", "=b", '""=b', 'a="b', 'a=b"c', 'a="b"c"', "a b=c", "a~b", r'"\q"=b', r'"\xff"=b',
     r'"\ud800"=b', r'"\UFFFFFFFF"=b', "{a=b}", "a.b=", "a.b==c"],
)  # fmt: skip
def test_what_is_no_matcher_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidMatcher, match=r'write name="value"'):
        Matcher.parse(text)


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@given(TEXTS.filter(bool), st.sampled_from(Operator), TEXTS)
def test_a_written_matcher_is_read_back(name: str, operator: Operator, value: str) -> None:
    matcher = Matcher(name=name, operator=operator, value=value)
    # A control character in the quotes of a name is escaped by nobody.
    if "\n" not in name:
        assert Matcher.parse(str(matcher)) == matcher


@given(st.text(max_size=60))
def test_any_text_is_a_matcher_or_refused(text: str) -> None:
    with suppress(InvalidMatcher):
        assert Matcher.parse(text).name


@given(st.lists(st.text("ab|.*+x", max_size=6), max_size=8), st.text("ab|.*", max_size=6))
def test_an_expression_matches_whole_values_as_re2_does(values: list[str], pattern: str) -> None:
    try:
        reference = re.compile(f"(?:{pattern})")
        expressions.check(pattern)
    except (re.error, InvalidExpression):
        return
    matching = [value for value in values if reference.fullmatch(value)]

    assert expressions.matching(pattern, values) == matching
    plain = plain_values(Matcher(name="a", operator=Operator.MATCH, value=pattern))
    assert plain is None or [value for value in values if value in plain] == matching


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(", r"'\(' is not valid in RE2 \(missing \)"),
        ("(?=a)", "not valid in RE2"),
        ("a" * 1025, "has 1,025 characters, and may have 1,024: shorten it"),
        (r"\pL{900}", "pattern too large"),
    ],
)
def test_an_expression_that_re2_refuses_is_explained(pattern: str, words: str) -> None:
    with pytest.raises(InvalidExpression, match=words):
        expressions.check(pattern)


def test_matching_ends_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expressions, "MAX_SECONDS", -1)

    with pytest.raises(ExpressionTooExpensive, match="'a' takes longer than a second"):
        expressions.matching("a", ["b"])
