"""Regular expressions of matchers: RE2, as in Prometheus and Alertmanager, in bounded time.

PostgreSQL's own expressions differ and can take for ever. So the values are matched here, and the
database compares with those that match.
"""

import re
from collections.abc import Iterable
from time import monotonic
from typing import Any

import re2

from backend.alerts.errors import ExpressionTooExpensive, InvalidExpression

MAX_CHARACTERS = 1024
# For the compiled expression: it bounds the work for each character of a value.
MAX_COMPILED_BYTES = 256 * 1024
MAX_SECONDS = 1.0
# Texts without any sign of the syntax.
_PLAIN = re.compile(r"[^\\.+*?()\[\]{}^$|]*(\|[^\\.+*?()\[\]{}^$|]*)*")

_OPTIONS = re2.Options()
_OPTIONS.max_mem = MAX_COMPILED_BYTES
_OPTIONS.log_errors = False


def plain_alternatives(pattern: str) -> frozenset[str] | None:
    """Return the only texts that match, for an expression such as `a|b`; None for all others."""
    return frozenset(pattern.split("|")) if _PLAIN.fullmatch(pattern) else None


def check(pattern: str) -> None:
    """Raise InvalidExpression for what is no expression of RE2, or too large."""
    _compiled(pattern)


def matching(pattern: str, values: Iterable[str]) -> list[str]:
    """Return the values that match as a whole; raise ExpressionTooExpensive after a second."""
    compiled, until = _compiled(pattern), monotonic() + MAX_SECONDS
    found = []
    for value in values:
        if compiled.fullmatch(value):
            found.append(value)
        if monotonic() > until:
            raise ExpressionTooExpensive(
                f"The expression {pattern[:80]!r} takes longer than a second: make it simpler, or"
                " add filters."
            )
    return found


def _compiled(pattern: str) -> Any:
    if len(pattern) > MAX_CHARACTERS:
        raise InvalidExpression(
            f"The expression {pattern[:40]!r}… has {len(pattern):,} characters, and may have"
            f" {MAX_CHARACTERS:,}: shorten it."
        )
    try:
        return re2.compile(pattern, options=_OPTIONS)
    except re2.error as error:
        reason = error.args[0].decode(errors="replace")
        raise InvalidExpression(
            f"The expression {pattern[:80]!r} is not valid in RE2 ({reason}): correct it."
        ) from error
