"""The filters of the Now page, and their form in its address."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from backend.alerts.lists.parameters import words_of
from backend.alerts.schemas import AlertFilter, AlertStatus
from backend.errors import InvalidRequest

MAX_LABELS = 10
# The form's fields accept this length; longer values match nothing.
MAX_CHARACTERS = 600
# The value for an absent label, because an empty field means "any".
WITHOUT = ("service", "severity")
# As in Prometheus, an empty label is one that is not there.
ABSENT = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """`service` and `severity`: None is any, ABSENT is alerts that have none."""

    status: AlertStatus = AlertStatus.FIRING
    service: str | None = None
    severity: str | None = None
    integration: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    text: str | None = None
    cursor: str | None = None
    draft: str = ""
    """Text typed as a label filter that is not valid."""

    @property
    def narrowing(self) -> bool:
        """Whether there is a filter in addition to the status."""
        return bool(self.labels) or any(
            value is not None
            for value in (self.service, self.severity, self.integration, self.text)
        )

    @property
    def grouped(self) -> bool:
        """Whether the page shows groups, which are counted whole. Others are lists of pages."""
        one_group = self.service is not None and self.severity is not None
        return self.counted and not one_group and self.cursor is None

    @property
    def counted(self) -> bool:
        """Whether all that fires is counted. To compare all of it with a text takes too long."""
        return self.status == AlertStatus.FIRING and self.text is None

    def to_alert_filter(self) -> AlertFilter:
        return AlertFilter(
            statuses=(self.status,),
            services=_one(self.service),
            severities=_one(self.severity),
            integrations=_one(self.integration),
            labels=self.labels,
            words=words_of(self.text or ""),
        )

    def href(self) -> str:
        pairs: list[tuple[str, str]] = []
        if self.status != AlertStatus.FIRING:
            pairs.append(("status", self.status))
        for name, value in (("service", self.service), ("severity", self.severity)):
            if value == ABSENT:
                pairs.append(("without", name))
            elif value is not None:
                pairs.append((name, value))
        if self.integration is not None:
            pairs.append(("integration", self.integration))
        pairs += [("label", f"{name}={value}") for name, value in self.labels]
        if self.text is not None:
            pairs.append(("q", self.text))
        if self.cursor is not None:
            pairs.append(("cursor", self.cursor))
        return "/?" + urlencode(pairs) if pairs else "/"


def _one(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


def parse_filters(query: QueryParams) -> Filters:
    """Parse the address. An invalid label becomes the draft; other mistakes are errors."""
    labels, draft = _labels(query.getlist("label"))
    without = query.getlist("without")
    if unknown := [name for name in without if name not in WITHOUT]:
        raise InvalidRequest(f"“without” accepts service and severity, not {unknown[0][:40]!r}.")
    return Filters(
        status=_status(query.get("status") or AlertStatus.FIRING),
        service=_text(query, "service") or (ABSENT if "service" in without else None),
        severity=_text(query, "severity") or (ABSENT if "severity" in without else None),
        integration=_text(query, "integration"),
        labels=labels,
        text=_text(query, "q"),
        cursor=_text(query, "cursor"),
        draft=draft,
    )


def _status(text: str) -> AlertStatus:
    try:
        return AlertStatus(text)
    except ValueError as error:
        known = ", ".join(AlertStatus)
        raise InvalidRequest(
            f"The status {text[:40]!r} does not exist: choose one of {known}."
        ) from error


def _text(query: QueryParams, name: str) -> str | None:
    value = query.get(name, "").strip()
    if "\x00" in value:
        raise InvalidRequest(f"“{name}” contains a NUL character, which no alert has.")
    return value or None


def _labels(texts: Sequence[str]) -> tuple[tuple[tuple[str, str], ...], str]:
    labels: list[tuple[str, str]] = []
    draft = ""
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip()
        if name and equals and "\x00" not in text and len(labels) < MAX_LABELS:
            if (name, value) not in labels:
                labels.append((name, value))
        elif text.strip():
            draft = text
    return tuple(labels), draft


def is_canonical(query: QueryParams) -> bool:
    """Whether the address is minimal: a form also sends empty fields and defaults."""
    return all(value for _, value in query.multi_items()) and query.get("status") != "firing"


@dataclass(frozen=True, slots=True)
class Chip:
    """An active filter; its address is the page without it."""

    name: str
    value: str
    href: str


def chips(filters: Filters) -> Sequence[Chip]:
    here = replace(filters, cursor=None, draft="")
    found = []
    if here.service is not None:
        found.append(_chip("service", here.service, replace(here, service=None)))
    if here.severity is not None:
        found.append(_chip("severity", here.severity, replace(here, severity=None)))
    if here.integration is not None:
        found.append(_chip("integration", here.integration, replace(here, integration=None)))
    for label in here.labels:
        rest = tuple(other for other in here.labels if other != label)
        found.append(_chip(*label, replace(here, labels=rest)))
    if here.text is not None:
        found.append(_chip("text", here.text, replace(here, text=None)))
    return found


def _chip(name: str, value: str, without: Filters) -> Chip:
    if value == ABSENT and name in WITHOUT:
        return Chip("without", name, without.href())
    return Chip(name, value, without.href())
