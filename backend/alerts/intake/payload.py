"""Alertmanager's webhook message, version "4", as it comes over the wire.

Unknown keys are ignored: Alertmanager adds some every few releases. The group's own `status` and
`common*` fields are not even read: computed after truncation, they may contradict the alerts. Nor
is `version`: Grafana writes "1" into the same message, and plain senders write none.
"""

from datetime import UTC, datetime
from typing import Annotated, Literal

from annotated_types import MaxLen
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    FailFast,
    Field,
    NonNegativeInt,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from backend.alerts.intake.limits import (
    MAX_ANNOTATION_CHARACTERS,
    MAX_ANNOTATIONS,
    MAX_FINGERPRINT_CHARACTERS,
    MAX_LABEL_VALUE_CHARACTERS,
    MAX_LABELS,
    MAX_NAME_CHARACTERS,
)

# Go writes its zero time for "not set", other senders write the Unix epoch. No alert began earlier.
ZERO_TIMES_END = datetime(1970, 1, 1, tzinfo=UTC)
BEGINNING_OF_TIME = datetime.min.replace(tzinfo=UTC)

Name = Annotated[str, StringConstraints(max_length=MAX_NAME_CHARACTERS)]
LabelValue = Annotated[str, StringConstraints(max_length=MAX_LABEL_VALUE_CHARACTERS)]
Annotation = Annotated[str, StringConstraints(max_length=MAX_ANNOTATION_CHARACTERS)]
# A time without a zone is rejected: a guessed zone could move the alert by hours.
Time = Annotated[AwareDatetime, Field(strict=True)]
# Taken as sent and never recomputed; visible ASCII, because it becomes part of an address.
Fingerprint = Annotated[
    str, StringConstraints(pattern=rf"^[!-~]{{1,{MAX_FINGERPRINT_CHARACTERS}}}$")
]


class AlertMessage(BaseModel):
    model_config = ConfigDict(extra="ignore")

    status: Literal["firing", "resolved"]
    labels: Annotated[dict[Name, LabelValue], MaxLen(MAX_LABELS)]
    annotations: Annotated[dict[Name, Annotation], MaxLen(MAX_ANNOTATIONS)] | None = None
    starts_at: Time | None = Field(None, alias="startsAt")
    ends_at: Time | None = Field(None, alias="endsAt")
    fingerprint: Fingerprint
    generator_url: str | None = Field(None, alias="generatorURL")
    # Grafana's own.
    dashboard_url: str | None = Field(None, alias="dashboardURL")
    panel_url: str | None = Field(None, alias="panelURL")
    silence_url: str | None = Field(None, alias="silenceURL")

    def event_time(self) -> datetime | None:
        """Return when the alert reached its state, as far as it says."""
        if self.status == "resolved" and self.ends_at is not None:
            return max(self.ends_at, self.starts_at or self.ends_at)
        return self.starts_at


def _lenient(default: object) -> WrapValidator:
    """Take the default for a value of another type."""

    def validate(value: object, parse: ValidatorFunctionWrapHandler) -> object:
        try:
            return parse(value)
        except ValidationError:
            return default

    return WrapValidator(validate)


class Envelope(BaseModel):
    """The fields around the alerts that are kept, for display only."""

    model_config = ConfigDict(extra="ignore")

    group_key: Annotated[str, _lenient("")] = Field("", alias="groupKey")
    receiver: Annotated[str, _lenient("")] = ""
    external_url: Annotated[str, _lenient("")] = Field("", alias="externalURL")
    truncated_alerts: Annotated[NonNegativeInt, _lenient(0)] = Field(0, alias="truncatedAlerts")


class EmptiedMessage(Envelope):
    """A delivery without its alerts. It must have had the key `alerts`, with a list."""

    alerts: Annotated[list[object], MaxLen(0)]


class DeliveryMessage(Envelope):
    """A whole delivery in which every alert is valid."""

    # One invalid element is enough to parse alert by alert, so errors are not collected.
    alerts: Annotated[list[AlertMessage], FailFast()]


ALERT = TypeAdapter(AlertMessage)
ALERTS: TypeAdapter[list[AlertMessage]] = TypeAdapter(Annotated[list[AlertMessage], FailFast()])
