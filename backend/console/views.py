"""The data of the templates: frozen, plain, complete. A template only decides on markup."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from backend.alerts.schemas import EpisodeRead, IntakeHealth
from backend.console.filters import Chip, Filters
from backend.console.severities import Tone
from backend.console.timeline import Timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    key: str
    """Unique on the page and stable between refreshes: the id of the row's element."""
    href: str
    name: str
    status: str
    severity: str | None
    tone: Tone
    service: str | None
    summary: str | None
    where: Sequence[tuple[str, str]]
    since: datetime
    until: datetime | None
    is_new: bool
    times_seen: int
    last_seen_at: datetime
    contested_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityGroup:
    key: str
    severity: str | None
    tone: Tone
    total: int
    rows: Sequence[AlertRow]
    href: str
    """All alerts of the group, in pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSection:
    key: str
    service: str | None
    total: int
    oldest: datetime | None
    href: str
    groups: Sequence[SeverityGroup]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityCount:
    key: str
    severity: str | None
    tone: Tone
    total: int
    href: str


class Empty(StrEnum):
    """Why the page is empty."""

    NEVER = "never"
    FILTERED = "filtered"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestions:
    """The suggestions of the filter form; other values can be typed."""

    services: Sequence[str]
    severities: Sequence[str]
    integrations: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertList:
    """One page of a list; `next_href` is null on the last one, `first_href` on the first."""

    rows: Sequence[AlertRow]
    first_href: str | None
    next_href: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NowPage:
    as_of: datetime
    filters: Filters
    chips: Sequence[Chip]
    suggestions: Suggestions
    total: int | None
    """Null for lists of alerts that do not fire, which are too expensive to count."""
    severities: Sequence[SeverityCount]
    sections: Sequence[ServiceSection]
    hidden_groups: int
    listed: AlertList | None
    """Instead of sections: a list."""
    shown: int
    empty: Empty | None
    intake: Sequence[IntakeHealth]
    last_delivery_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A label, an annotation or another named text of an alert's page."""

    key: str
    name: str
    value: str
    href: str | None
    external: bool
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertPage:
    as_of: datetime
    alert: AlertRow
    integration: str
    fingerprint: str
    first_seen_at: datetime
    service_href: str
    catalogued: Sequence[Text]
    """The catalog's fields of the service, such as its owner; empty without an entry."""
    annotations: Sequence[Text]
    links: Sequence[Text]
    """Ways to the source, and the expression of its rule."""
    labels: Sequence[Text]
    episodes: Sequence[EpisodeRead]
    timeline: Timeline
