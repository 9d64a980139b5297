"""What callers see of alerts. Alertmanager's own spelling is in payload.py, storage in sql.py."""

from datetime import datetime
from enum import StrEnum
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from backend.alerts.lists.matchers import Matcher


class AlertStatus(StrEnum):
    """`suppressed`: still firing, but silenced or inhibited in Alertmanager."""

    FIRING = "firing"
    RESOLVED = "resolved"
    SUPPRESSED = "suppressed"


class ResolvedBy(StrEnum):
    """What closed an episode.

    `revoked`: its integration was revoked. `expired`: it was contested, and nothing settled it.
    """

    ALERTMANAGER = "alertmanager"
    RECONCILER = "reconciler"
    PERSON = "person"
    REVOKED = "revoked"
    EXPIRED = "expired"


LinkName = Literal["source", "alertmanager", "dashboard", "panel", "silence"]
LINK_NAMES: tuple[LinkName, ...] = get_args(LinkName)


class _Schema(BaseModel):
    model_config = ConfigDict(frozen=True)


class AlertRead(_Schema):
    fingerprint: str = Field(description="As Alertmanager sent it.", examples=["7f1a6e0c5b2d4e3f"])
    integration: str = Field(description="Slug of the integration.", examples=["default"])
    status: AlertStatus
    labels: dict[str, str] = Field(
        examples=[{"alertname": "HighErrorRate", "service": "checkout", "severity": "critical"}]
    )
    annotations: dict[str, str] = Field(
        description="In lists each is cut to 1,024 characters, the last of which is then `…`.",
        examples=[{"summary": "5 % of the requests fail"}],
    )
    starts_at: datetime | None = Field(
        description="Start by Alertmanager's clock, clamped; null when it did not say."
    )
    ends_at: datetime | None = Field(description="Null while the alert is firing.")
    first_seen_at: datetime = Field(description="By our clock.")
    last_seen_at: datetime = Field(description="By our clock.")
    times_seen: int = Field(
        ge=1,
        description="Every accepted appearance, firing or resolved, repeats included; when"
        " retention has removed the alert from the lists, the number of its episodes, at most 100.",
    )
    service: str | None = Field(
        description="From the labels; null when no label names one.", examples=["checkout"]
    )
    contested_since: datetime | None = Field(
        default=None,
        description="Set while a firing report contradicts the end that another one has given.",
    )
    links: dict[LinkName, str] = Field(
        default={},
        description="Addresses, http and https only: the rule's graph, the Alertmanager, and"
        " Grafana's own. Absent ones are left out.",
        examples=[{"source": "https://prometheus.example/graph?g0.expr=up"}],
    )
    incident: int | None = Field(default=None, description="Number of the open incident.")


class EpisodeRead(_Schema):
    """One period in which an alert fired. The id stays when the episode closes."""

    id: int
    opened_at: datetime
    closed_at: datetime | None = Field(description="Null while the episode is open.")
    resolved_by: ResolvedBy | None = Field(description="Null while the episode is open.")


class EpisodeListed(_Schema):
    """An episode with the alert that it is of."""

    id: int
    integration: str = Field(description="Slug of the integration.", examples=["default"])
    fingerprint: str = Field(examples=["7f1a6e0c5b2d4e3f"])
    alertname: str | None = Field(examples=["HighErrorRate"])
    service: str | None = Field(examples=["checkout"])
    severity: str | None = Field(examples=["critical"])
    labels: dict[str, str] | None = Field(
        description="Null if the episode closed before they were recorded and the alert is gone.",
        examples=[{"alertname": "HighErrorRate", "service": "checkout", "severity": "critical"}],
    )
    opened_at: datetime
    closed_at: datetime | None = Field(description="Null while the episode is open.")
    resolved_by: ResolvedBy | None = Field(description="Null while the episode is open.")


class EpisodeFilter(_Schema):
    """Episodes that were open at some moment from `since` to before `until`; else AlertFilter's."""

    services: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    integrations: tuple[str, ...] = ()
    alertnames: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    matchers: tuple[Matcher, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


class AlertDetail(AlertRead):
    expression: str | None = Field(
        default=None,
        description="What the rule asks, if the address of its graph says so; cut at 2,048"
        " characters.",
        examples=["up == 0"],
    )
    episodes: list[EpisodeRead] = Field(description="Newest first, at most 100.")


class AlertNote(_Schema):
    index: int = Field(ge=0, description="Position in the delivery's `alerts`.", examples=[3])
    code: str = Field(examples=["label_value_too_long"])
    detail: str = Field(examples=["The value of label 'pod' is longer than 16384 characters."])


class RejectedAlert(AlertNote):
    """An alert that was not stored."""


class RepairedAlert(AlertNote):
    """An alert that was stored, and a part of it that was converted, cut or left out."""


class IngestResult(_Schema):
    """The answer to a delivery: it is sent after everything accepted has been committed."""

    accepted: int = Field(ge=0, description="Alerts stored or counted, repeats included.")
    rejected: list[RejectedAlert] = Field(description="Alerts that were not stored, and why.")
    repaired: list[RepairedAlert] | None = Field(
        default=None, description="What was changed in alerts that were stored; absent if nothing."
    )


class EventsResult(IngestResult):
    """The answer to events."""

    fingerprints: list[str | None] = Field(
        description="One for each event, in their order; null for a rejected one."
    )


class AlertSort(StrEnum):
    """The orders of lists of alerts, each served by an index.

    There is no order by the oldest change: an alert that changes during a walk over the pages would
    move to their end and be shown twice.
    """

    LAST_CHANGE = "-status_changed_at"
    NEWEST = "-first_seen_at"
    OLDEST = "first_seen_at"


class AlertFilter(_Schema):
    """All given conditions must hold, each for any of its values; no values are no condition.

    An empty service or severity asks for alerts that have none. All of the labels, which are exact
    (name, value) pairs, must be there, and all of the matchers must match. Each of the words must
    occur in the summary or in the value of a label. `since` is the earliest last change of the
    status.
    """

    statuses: tuple[AlertStatus, ...] = ()
    services: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    integrations: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    matchers: tuple[Matcher, ...] = ()
    words: tuple[str, ...] = ()
    since: datetime | None = None


class Shown(_Schema):
    """The labels and annotations of alerts that a page shows; others are not read."""

    labels: tuple[str, ...]
    annotations: tuple[str, ...]


class FiringGroup(_Schema):
    """The firing alerts of one service and severity. `alerts` holds the newest of them."""

    service: str | None
    severity: str | None
    firing: int
    oldest_starts_at: datetime | None
    alerts: list[AlertRead]


class FiringSeverity(_Schema):
    severity: str | None
    firing: int


class FiringOverview(_Schema):
    """Groups ordered by severity, then size. The counts include the alerts of hidden groups."""

    firing: int
    severities: list[FiringSeverity]
    hidden_groups: int
    groups: list[FiringGroup]


class LastRejection(_Schema):
    """The last delivery or alert of an integration that was not stored."""

    at: datetime
    code: str
    detail: str
    index: int | None = Field(description="Null when the whole delivery was refused.")


class IntakeHealth(_Schema):
    """What one integration delivered. The counts are over the last hour."""

    integration: str
    name: str
    last_delivery_at: datetime | None
    deliveries: int
    refused_deliveries: int = Field(description="Bodies that were not Alertmanager messages.")
    accepted: int
    rejected: int
    repaired: int = Field(description="Alerts stored with a part converted, cut or left out.")
    truncated: int = Field(
        description="Alerts that Alertmanager left out of deliveries (`max_alerts`)."
    )
    shared_by: str | None = Field(
        description="Hosts of two clusters, if they have reported the same alert within a day."
    )
    last_rejection: LastRejection | None
