"""As much of LogQL as a link, a drill and `stage.match` need. Pure, and stdlib alone.

A stream selector, then line filters (`|=`, `!=`, `|~`, `!~`) and label filters (`| name = "value"`,
with the same operators as in the selector, joined by further `|`). Parsers, formats, `and`, `or`
and metric queries are refused.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_SPACE = re.compile(r"\s*")
_NAME = re.compile(r"[A-Za-z_]\w*")
_OPERATOR = re.compile(r"=~|!~|!=|=")
_LINE_FILTER = re.compile(r"\|=|\|~|!=|!~")
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"|`[^`]*`')

_TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "=": lambda found, wanted: found == wanted,
    "!=": lambda found, wanted: found != wanted,
    "=~": lambda found, wanted: re.fullmatch(wanted, found, re.DOTALL) is not None,
    "!~": lambda found, wanted: re.fullmatch(wanted, found, re.DOTALL) is None,
}
_LINE_TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "|=": lambda line, wanted: wanted in line,
    "!=": lambda line, wanted: wanted not in line,
    "|~": lambda line, wanted: re.search(wanted, line) is not None,
    "!~": lambda line, wanted: re.search(wanted, line) is None,
}


class LogqlError(Exception):
    """Why a query is refused, with the place."""


@dataclass(frozen=True, slots=True)
class Matcher:
    name: str
    operator: str
    value: str

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Judge labels; one that is not there counts as empty."""
        return _TESTS[self.operator](labels.get(self.name, ""), self.value)


@dataclass(frozen=True, slots=True)
class LineFilter:
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Query:
    selector: tuple[Matcher, ...]
    line_filters: tuple[LineFilter, ...] = ()
    label_filters: tuple[Matcher, ...] = ()

    def selects(self, stream: Mapping[str, str]) -> bool:
        return all(matcher.matches(stream) for matcher in self.selector)

    def keeps(self, line: str, labels: Mapping[str, str]) -> bool:
        """Judge an entry of a selected stream; `labels` are the stream's and the entry's own."""
        return all(
            _LINE_TESTS[each.operator](line, each.value) for each in self.line_filters
        ) and all(matcher.matches(labels) for matcher in self.label_filters)


def parse(text: str) -> Query:
    """Read a log query; `LogqlError` says what of it is not known here."""
    reader = _Reader(text)
    selector = reader.selector()
    lines: list[LineFilter] = []
    labels: list[Matcher] = []
    while not reader.at_end():
        if operator := reader.take(_LINE_FILTER):
            value = reader.string()
            lines.append(LineFilter(operator, _regex(value) if "~" in operator else value))
        else:
            reader.expect("|")
            labels.append(reader.matcher())
    return Query(selector, tuple(lines), tuple(labels))


def parse_as_loki(text: str) -> Query:
    """Read what a query against Loki may be: some matcher must not match the empty value."""
    query = parse(text)
    if all(matcher.matches({}) for matcher in query.selector):
        raise LogqlError(
            "queries require at least one regexp or equality matcher that does not have an "
            'empty-compatible value. For instance, app=~".*" does not meet this requirement, but '
            'app=~".+" will'
        )
    return query


class _Reader:
    def __init__(self, text: str) -> None:
        self._text, self._position = text, 0

    def _skip(self) -> None:
        match = _SPACE.match(self._text, self._position)
        self._position = match.end() if match else self._position

    def at_end(self) -> bool:
        self._skip()
        return self._position == len(self._text)

    def take(self, pattern: re.Pattern[str]) -> str:
        """Take what matches here, else nothing."""
        self._skip()
        match = pattern.match(self._text, self._position)
        if match is None:
            return ""
        self._position = match.end()
        return match.group()

    def need(self, pattern: re.Pattern[str], what: str) -> str:
        if taken := self.take(pattern):
            return taken
        rest = self._text[self._position : self._position + 20]
        raise LogqlError(f"{self._text}: {what} is expected at {self._position}, not {rest!r}")

    def expect(self, sign: str) -> None:
        self.need(re.compile(re.escape(sign)), sign)

    def string(self) -> str:
        taken = self.need(_STRING, "a string")
        return taken[1:-1] if taken[0] == "`" else str(json.loads(taken))

    def matcher(self) -> Matcher:
        name = self.need(_NAME, "a label's name")
        operator = self.need(_OPERATOR, "one of = != =~ !~")
        value = self.string()
        return Matcher(name, operator, _regex(value) if "~" in operator else value)

    def selector(self) -> tuple[Matcher, ...]:
        self.expect("{")
        found: list[Matcher] = []
        while not self.take(re.compile("}")):
            if found:
                self.expect(",")
            found.append(self.matcher())
        return tuple(found)


def _regex(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise LogqlError(f"{value!r} is no regular expression: {error}") from None
    return value
