"""Converts an alert for a list or for its page."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from urllib.parse import quote

from backend.alerts.schemas import AlertDetail, AlertRead, AlertStatus, Shown
from backend.catalog.schemas import ServiceRead
from backend.console.display import external_link, is_local
from backend.console.filters import Filters
from backend.console.severities import tone_of
from backend.console.views import AlertRow, Text

NEW_FOR = timedelta(minutes=5)
NO_NAME = "(no alertname)"
_SUMMARIES = ("summary", "message", "description")
# Labels that distinguish alerts of one rule, best first; two of them are shown.
_PLACES = (
    "pod",
    "instance",
    "node",
    "persistentvolumeclaim",
    "deployment",
    "statefulset",
    "daemonset",
    "job_name",
    "container",
    "route",
    "topic",
    "queue",
    "namespace",
    "cluster",
    "region",
    "job",
)
_MOST_PLACES = 2
# What a row of a list shows.
SHOWN = Shown(labels=("alertname", "severity", *_PLACES), annotations=_SUMMARIES)
_LINKS = {
    "source": "Source",
    "alertmanager": "Alertmanager",
    "dashboard": "Dashboard",
    "panel": "Panel",
    "silence": "Silence it",
}
_LOCAL = "only on the machine that sent it"


def alert_row(alert: AlertRead, now: datetime) -> AlertRow:
    severity = alert.labels.get("severity") or None
    since = alert.starts_at or alert.first_seen_at
    resolved = alert.status == AlertStatus.RESOLVED
    return AlertRow(
        key=element_key("alert", alert.integration, alert.fingerprint),
        href=alert_href(alert),
        name=alert.labels.get("alertname") or NO_NAME,
        status=alert.status,
        severity=severity,
        tone=tone_of(severity),
        service=alert.service,
        summary=_summary(alert.annotations),
        where=_where(alert.labels),
        since=since,
        until=(alert.ends_at or alert.last_seen_at) if resolved else None,
        is_new=not resolved and now - since < NEW_FOR,
        times_seen=alert.times_seen,
        last_seen_at=alert.last_seen_at,
        contested_since=alert.contested_since,
    )


def alert_href(alert: AlertRead) -> str:
    return f"/alerts/{quote(alert.integration, safe='')}/{quote(alert.fingerprint, safe='')}"


def element_key(kind: str, *parts: str | None) -> str:
    """Return an element's id from texts of any content; None and "" are the same."""
    packed = "\x00".join(part or "" for part in parts).encode()
    return f"{kind}-{blake2b(packed, digest_size=8).hexdigest()}"


def _summary(annotations: Mapping[str, str]) -> str | None:
    return next((annotations[name] for name in _SUMMARIES if annotations.get(name)), None)


def _where(labels: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    found = [(name, labels[name]) for name in _PLACES if labels.get(name)]
    return found[:_MOST_PLACES]


def label_texts(labels: Mapping[str, str]) -> Sequence[Text]:
    """List labels by name; each leads to the firing alerts that share it."""
    return [
        Text(
            key=element_key("label", name),
            name=name,
            value=value,
            href=Filters(labels=((name, value),)).href(),
            external=False,
        )
        for name, value in sorted(labels.items())
    ]


def annotation_texts(annotations: Mapping[str, str]) -> Sequence[Text]:
    """List annotations, the summaries first; a value that is a whole URL becomes a link."""
    order = {name: position for position, name in enumerate(_SUMMARIES)}
    names = sorted(annotations, key=lambda name: (order.get(name, len(order)), name))
    return [
        Text(
            key=element_key("annotation", name),
            name=name,
            value=annotations[name],
            href=external_link(annotations[name]),
            external=True,
        )
        for name in names
    ]


def link_texts(alert: AlertDetail) -> Sequence[Text]:
    """List the ways to the source; the expression is there even if no address can be followed."""
    texts = [
        Text(
            key=element_key("link", name),
            name=_LINKS[name],
            value=address,
            href=external_link(address),
            external=True,
            note=_LOCAL if external_link(address) and is_local(address) else "",
        )
        for name, address in alert.links.items()
    ]
    if alert.expression:
        key = element_key("link", "expression")
        asks = Text(key=key, name="Expression", value=alert.expression, href=None, external=False)
        texts.insert(0, asks)
    return texts


def service_texts(service: ServiceRead) -> Sequence[Text]:
    """List the catalog's fields of a service, the most useful first."""
    known = (
        ("Runbook", service.runbook_url),
        ("Owner", service.owner),
        ("Tier", None if service.tier is None else str(service.tier)),
        ("Dashboard", service.dashboard_url),
        ("Repository", service.repository_url),
        ("About", service.description),
    )
    return [
        Text(
            key=element_key("service", name),
            name=name,
            value=value,
            href=external_link(value),
            external=True,
        )
        for name, value in known
        if value
    ]
