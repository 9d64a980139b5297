"""The filters of lists as query parameters."""

import re
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Query
from pydantic import AfterValidator, AwareDatetime, BeforeValidator

from backend.alerts.errors import InvalidLabelFilter
from backend.alerts.intake.limits import (
    MAX_LABEL_VALUE_CHARACTERS,
    MAX_NAME_CHARACTERS,
    MAX_PROMOTED_CHARACTERS,
)
from backend.alerts.lists import expressions
from backend.alerts.lists.matchers import Matcher
from backend.alerts.schemas import AlertFilter, AlertStatus, EpisodeFilter
from backend.errors import InvalidRequest
from backend.http.texts import NO_NUL

# As many as a person or a dashboard chooses.
_MAX_VALUES = 32
_MAX_FILTERS = 16
# A name, an operator and a value, both in quotes and escaped.
MAX_FILTER_CHARACTERS = 4096
MAX_WORDS = 8
MAX_WORDS_CHARACTERS = 200

_Promoted = Annotated[str, Query(max_length=MAX_PROMOTED_CHARACTERS, pattern=NO_NUL)]
_Slug = Annotated[str, Query(max_length=63, pattern=NO_NUL)]
_Label = Annotated[
    str,
    Query(
        max_length=MAX_NAME_CHARACTERS + 1 + MAX_LABEL_VALUE_CHARACTERS,
        pattern=NO_NUL,
        json_schema_extra={"pattern": r"^[^\x00=]+=[^\x00]*$"},
    ),
]
Statuses = Annotated[
    list[AlertStatus], Query(max_length=_MAX_VALUES, description="Any of these statuses.")
]
Services = Annotated[
    list[_Promoted],
    Query(
        alias="service",
        max_length=_MAX_VALUES,
        description="Any of these services; empty: without a service.",
    ),
]
Severities = Annotated[
    list[_Promoted],
    Query(
        alias="severity",
        max_length=_MAX_VALUES,
        description="Any of these severities; empty: without a severity.",
    ),
]
Integrations = Annotated[
    list[_Slug],
    Query(
        alias="integration",
        max_length=_MAX_VALUES,
        description="Any of these integrations, by slug.",
    ),
]
Labels = Annotated[
    list[_Label],
    Query(
        alias="label",
        max_length=_MAX_VALUES,
        description="name=value; all given pairs must be among the alert's labels.",
        examples=[["namespace=shop"]],
    ),
]
Filters = Annotated[
    list[Annotated[str, Query(max_length=MAX_FILTER_CHARACTERS, pattern=NO_NUL)]],
    Query(
        alias="filter",
        max_length=_MAX_FILTERS,
        description=(
            "A matcher on a label, as Alertmanager's API takes it: all given must match. An absent"
            " label is an empty one. Expressions are RE2, match whole values and have at most"
            f" {expressions.MAX_CHARACTERS:,} characters."
        ),
        examples=[['service=~"pay.*"', 'severity!="info"']],
    ),
]
Words = Annotated[
    str,
    Query(
        alias="q",
        max_length=MAX_WORDS_CHARACTERS,
        pattern=NO_NUL,
        description=(
            "Free text. Each of its words must occur in the summary or in the value of a label, in"
            f" capitals or not. At most {MAX_WORDS} words."
        ),
        examples=["checkout 5xx"],
    ),
]
# All alerts are between them, and so is a day before or after.
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


def _written(time: object) -> object:
    """Refuse a bare number, which pydantic takes for seconds."""
    if not re.match(r"\d{4}-", str(time)):
        raise ValueError("is not an RFC 3339 time, for example 2026-11-30T14:00:00Z")
    return time


_Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_written),
    AfterValidator(lambda time: min(max(time, _FIRST), _LAST)),
]
Alertnames = Annotated[
    list[_Promoted],
    Query(alias="alertname", max_length=_MAX_VALUES, description="Any of these names."),
]
From = Annotated[
    _Instant | None,
    Query(
        description="Episodes that were open at or after this time (RFC 3339).",
        examples=["2026-11-30T14:00:00Z"],
    ),
]
Until = Annotated[
    _Instant | None,
    Query(
        description="Episodes that opened before this time (RFC 3339).",
        examples=["2026-11-30T16:00:00Z"],
    ),
]
Since = Annotated[
    _Instant | None,
    Query(
        description="Alerts whose status changed at or after this time (RFC 3339).",
        examples=["2026-11-30T14:00:00Z"],
    ),
]


def alert_filter(
    *,
    status: Statuses = [],  # noqa: B006  # FastAPI copies defaults, here and below
    services: Services = [],  # noqa: B006
    severities: Severities = [],  # noqa: B006
    integrations: Integrations = [],  # noqa: B006
    labels: Labels = [],  # noqa: B006
    filters: Filters = [],  # noqa: B006
    words: Words = "",
    since: Since = None,
) -> AlertFilter:
    return AlertFilter(
        statuses=tuple(status),
        services=tuple(services),
        severities=tuple(severities),
        integrations=tuple(integrations),
        labels=tuple(_name_and_value(pair) for pair in labels),
        matchers=tuple(_matcher(text) for text in filters),
        words=words_of(words),
        since=since,
    )


def words_of(text: str) -> tuple[str, ...]:
    """Split free text into words; raise InvalidRequest for too many."""
    words = tuple(dict.fromkeys(text.split()))
    if len(words) > MAX_WORDS:
        raise InvalidRequest(
            f"Free text may have {MAX_WORDS} words, and this has {len(words)}: leave some out."
        )
    return words


def episode_filter(
    *,
    services: Services = [],  # noqa: B006
    severities: Severities = [],  # noqa: B006
    integrations: Integrations = [],  # noqa: B006
    alertnames: Alertnames = [],  # noqa: B006
    labels: Labels = [],  # noqa: B006
    filters: Filters = [],  # noqa: B006
    since: From = None,
    until: Until = None,
) -> EpisodeFilter:
    return EpisodeFilter(
        services=tuple(services),
        severities=tuple(severities),
        integrations=tuple(integrations),
        alertnames=tuple(alertnames),
        labels=tuple(_name_and_value(pair) for pair in labels),
        matchers=tuple(_matcher(text) for text in filters),
        since=since,
        until=until,
    )


EpisodeFilterDep = Annotated[EpisodeFilter, Depends(episode_filter)]
AlertFilterDep = Annotated[AlertFilter, Depends(alert_filter)]


def _matcher(text: str) -> Matcher:
    matcher = Matcher.parse(text)
    if matcher.is_expression:
        expressions.check(matcher.value)
    return matcher


def _name_and_value(pair: str) -> tuple[str, str]:
    name, equals, value = pair.partition("=")
    if not name or not equals:
        raise InvalidLabelFilter
    return name, value
