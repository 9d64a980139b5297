"""What the API accepts and returns for integrations."""

import re
from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

MAX_ALERTMANAGERS = 16


def _no_nul(value: str) -> str:
    if "\x00" in value:
        raise ValueError("contains a NUL character, which cannot be stored")
    return value


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be a base URL such as http://alertmanager:9093")
    if parts.query or parts.fragment or parts.username is not None:
        raise ValueError("must be a base URL without credentials, query and fragment")
    return value.rstrip("/")


def _regex(value: str) -> str:
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"is not a regular expression: {error}") from error
    return value


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", max_length=63)]
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_no_nul),
]
BaseUrl = Annotated[
    str, StringConstraints(max_length=2048), AfterValidator(_no_nul), AfterValidator(_base_url)
]
ReceiverPattern = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500),
    AfterValidator(_no_nul),
    AfterValidator(_regex),
]


class IntegrationCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    slug: Slug
    name: Name
    alertmanagers: list[BaseUrl] = Field(default=[], max_length=MAX_ALERTMANAGERS)
    receivers: ReceiverPattern | None = None


class IntegrationRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    slug: str
    name: str
    alertmanagers: list[str]
    receivers: str | None
    created_at: datetime
    revoked_at: datetime | None


class IntegrationWithToken(IntegrationRead):
    token: str = Field(description="Shown this once; only its hash is kept.")
