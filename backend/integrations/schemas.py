"""What the API accepts and returns for integrations."""

import re
from datetime import datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from backend.http.texts import NO_NUL, Name, Slug
from backend.sentences import described

MAX_ALERTMANAGERS = 16


# The reconciler asks what is stored: a scheme, a host, perhaps a port and a path, and nothing that
# could carry credentials or a query.
_HOST = r"([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
_PORT = r"(:(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[0-9]{1,4}))?"
_BASE_URL = described(
    rf"^https?://{_HOST}{_PORT}(/[A-Za-z0-9._~-]+)*/?$",
    "It must be http:// or https:// with a host, and perhaps a port and a path, and nothing else.",
)


def _without_final_slash(value: str) -> str:
    return value.rstrip("/")


def _regex(value: str) -> str:
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"is not a regular expression: {error}") from error
    return value


BaseUrl = Annotated[
    str,
    StringConstraints(max_length=2048, pattern=_BASE_URL),
    AfterValidator(_without_final_slash),
]
ReceiverPattern = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500, pattern=NO_NUL),
    AfterValidator(_regex),
    WithJsonSchema({"type": "string", "format": "regex", "minLength": 1, "maxLength": 500}),
]


class IntegrationCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    slug: Slug = Field(examples=["production"], description="Its permanent name in addresses.")
    name: Name = Field(examples=["Production cluster"])
    alertmanagers: list[BaseUrl] = Field(
        default=[],
        max_length=MAX_ALERTMANAGERS,
        description="Base URLs of the Alertmanagers that deliver here.",
        examples=[["http://alertmanager.monitoring:9093"]],
    )
    receivers: ReceiverPattern | None = Field(
        default=None,
        description="Regular expression of the receivers whose alerts belong to the integration;"
        " null: the receivers that its deliveries name.",
        examples=["platform|platform-critical"],
    )


class IntegrationRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    slug: str = Field(examples=["production"])
    name: str = Field(examples=["Production cluster"])
    alertmanagers: list[str] = Field(examples=[["http://alertmanager.monitoring:9093"]])
    receivers: str | None = Field(examples=["platform|platform-critical"])
    created_at: datetime
    revoked_at: datetime | None = Field(description="Null while it may deliver.")


class IntegrationWithToken(IntegrationRead):
    token: str = Field(
        description="Shown this once; only its hash is kept.",
        examples=["cnop_3q2-7wAAAAEAAAABAAAAAQAAAAEAAAABAAAAAQAAAAE"],
    )
