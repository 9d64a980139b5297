"""What the API accepts and returns for services."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from backend.catalog.scraping import ScrapeTargets, StoredGroup
from backend.http.texts import NO_NUL, NOT_BLANK, Name, Slug
from backend.sentences import described

MAX_OWNER = 100
# Most critical first.
MIN_TIER, MAX_TIER = 1, 4

# No user and password, no white space, nothing but http and https: people follow these links.
_URL = described(
    r"^https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?([/?#][A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*)?$",
    "It must be an address with http:// or https://, without a user, a password and blanks.",
)
Url = Annotated[str, StringConstraints(pattern=_URL, max_length=2048)]
Owner = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=MAX_OWNER,
        pattern=NOT_BLANK,
    ),
]


class ServiceReplace(ScrapeTargets):
    """Everything about a service but its slug; what is left out is emptied."""

    model_config = ConfigDict(extra="forbid")

    name: Name = Field(examples=["Checkout"])
    description: str = Field(
        "", max_length=2000, pattern=NO_NUL, examples=["Takes orders and their payment."]
    )
    owner: Owner | None = Field(None, description="The team that owns it.", examples=["payments"])
    tier: int | None = Field(
        None,
        ge=MIN_TIER,
        le=MAX_TIER,
        description="How critical it is, from 1 (most) to 4; null when unknown.",
        examples=[1],
    )
    runbook_url: Url | None = Field(None, examples=["https://wiki.example/runbooks/checkout"])
    repository_url: Url | None = Field(None, examples=["https://git.example/shop/checkout"])
    dashboard_url: Url | None = Field(None, examples=["https://grafana.example/d/checkout"])


class ServiceCreate(ServiceReplace):
    slug: Slug = Field(
        examples=["checkout"],
        description="Its permanent name. Alerts and metrics carry it in the label `service`.",
    )


class ServiceRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    slug: str = Field(examples=["checkout"])
    name: str = Field(examples=["Checkout"])
    description: str = Field(examples=["Takes orders and their payment."])
    owner: str | None = Field(examples=["payments"])
    tier: int | None
    runbook_url: str | None = Field(examples=["https://wiki.example/runbooks/checkout"])
    repository_url: str | None = Field(examples=["https://git.example/shop/checkout"])
    dashboard_url: str | None = Field(examples=["https://grafana.example/d/checkout"])
    scrape_targets: list[StoredGroup]
    version: int = Field(description="Counts the changes; the header ETag has it in quotes.")
    created_at: datetime
    updated_at: datetime
