"""A request's statements, read from PostgreSQL's own log and made into a script for pgbench.

What the service sends is taken from the server and not from the code, so the floor does the same
work whatever the code becomes: the look-up of the token, the transaction, every statement in it.
"""

import json
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import uuid4

from benchmarks.database import PLATFORM, Postgres

_WAIT_SECONDS = 20
_PARAMETER = re.compile(r"\$(\d+) = (NULL|'(?:[^']|'')*')")
_PLACE = re.compile(r"\$(\d+)\b")

# As long as a group's number: pgbench puts a value of the same length in without moving the rest.
GROUP_VARIABLE = ":alert_group"


class NothingRecorded(Exception):
    """The log does not show what it should; without it there is no floor to compare with."""


def statements_between(log: str, begin: str, end: str) -> list[str]:
    """Return what one service sent between two marks, with its parameters as literals.

    `log` is PostgreSQL's jsonlog, written with log_statement=all.
    """
    entries = [json.loads(line) for line in log.splitlines()]
    messages = [str(entry.get("message", "")) for entry in entries]
    first, last = (_position(messages, mark) for mark in (begin, end))
    return list(_statements(entries[first + 1 : last]))


def _position(messages: Sequence[str], mark: str) -> int:
    for position, message in enumerate(messages):
        if mark in message:
            return position
    raise NothingRecorded(f"the mark {mark} is not in PostgreSQL's log")


def _statements(entries: Sequence[dict[str, object]]) -> Iterator[str]:
    for entry in entries:
        kind, _, statement = str(entry.get("message", "")).partition(": ")
        if entry.get("application_name") == "backend-api" and kind.startswith(
            ("statement", "execute")
        ):
            yield with_literals(statement, str(entry.get("detail", "")))


def with_literals(statement: str, detail: str) -> str:
    """Put the parameters that a log entry's detail names into the statement."""
    literals = dict(_PARAMETER.findall(detail))
    return _PLACE.sub(lambda place: literals[place[1]], statement).strip().rstrip(";")


def script(statements: Sequence[str], group: int, choose_group: str) -> str:
    """Return a pgbench script that does the same for another group each time."""
    text = ";\n".join(statements) + ";\n"
    if str(group) not in text:
        raise NothingRecorded(f"group {group} is in none of {len(statements)} statements")
    return f"\\set alert_group {choose_group}\n{text.replace(str(group), GROUP_VARIABLE)}"


class Recorder:
    """Reads PostgreSQL's log; sessions that begin while it is on write every statement there."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def switch(self, *, on: bool) -> None:
        change = "SET log_statement = 'all'" if on else "RESET log_statement"
        self._postgres.execute(f"ALTER DATABASE {PLATFORM} {change}")

    def mark(self) -> str:
        """Write a mark into the log; what has been answered before stands before it."""
        mark = f"mark-{uuid4().hex}"
        self._postgres.execute(f"SELECT '{mark}'")
        deadline = time.monotonic() + _WAIT_SECONDS
        while mark not in self.log():
            if time.monotonic() > deadline:
                raise NothingRecorded(f"{self._path} does not show the statement {mark}")
            time.sleep(0.05)
        return mark

    def log(self) -> str:
        return self._path.read_text() if self._path.exists() else ""

    @property
    def _path(self) -> Path:
        return self._postgres.statement_log
