"""The filters of lists as query parameters."""

from typing import Annotated

from fastapi import Depends, Query
from pydantic import AwareDatetime

from backend.alerts.errors import InvalidLabelFilter
from backend.alerts.intake.limits import (
    MAX_LABEL_VALUE_CHARACTERS,
    MAX_NAME_CHARACTERS,
    MAX_PROMOTED_CHARACTERS,
)
from backend.alerts.schemas import AlertFilter, AlertStatus
from backend.http.texts import NO_NUL

# As many as a person or a dashboard chooses.
_MAX_VALUES = 32

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
Since = Annotated[
    AwareDatetime | None,
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
    since: Since = None,
) -> AlertFilter:
    return AlertFilter(
        statuses=tuple(status),
        services=tuple(services),
        severities=tuple(severities),
        integrations=tuple(integrations),
        labels=tuple(_name_and_value(pair) for pair in labels),
        since=since,
    )


AlertFilterDep = Annotated[AlertFilter, Depends(alert_filter)]


def _name_and_value(pair: str) -> tuple[str, str]:
    name, equals, value = pair.partition("=")
    if not name or not equals:
        raise InvalidLabelFilter
    return name, value
