"""The text after the start: addresses and files, and how to see a first alert."""

import json
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime

from local.ports import HOST
from local.startup import Monitoring, Ports
from local.state import State

_WEBHOOK = "/api/v1/webhooks/alertmanager"
# FNV-1a over the sample's labels, as Alertmanager computes it: a real one would send the same.
_SAMPLE_FINGERPRINT = "8d4d4df9dc393eb5"
_ZERO_TIME = "0001-01-01T00:00:00Z"


def welcome(state: State, ports: Ports, monitoring: Monitoring | None, *, now: datetime) -> str:
    """Return the text, with commands that can be pasted in any directory."""
    lines = [
        *_places(state, ports, monitoring),
        "",
        *(_monitored(state, ports) if monitoring else _by_hand(state, ports, now)),
        "",
        "See the firing alerts in the console, or with",
        "",
        "  " + list_alerts_command(state, ports.backend),
        "",
        "Ctrl-C stops everything and keeps the data.",
    ]
    return "\n".join(lines)


def sample_alert_command(state: State, port: int, *, now: datetime) -> str:
    """Return a curl command that delivers one alert as Alertmanager would."""
    return (
        f"curl -sS {_authorization(state)} -H 'Content-Type: application/json' "
        f"http://{HOST}:{port}{_WEBHOOK} -d {shlex.quote(_sample_message(now))}"
    )


def list_alerts_command(state: State, port: int) -> str:
    return f"curl -sS {_authorization(state)} 'http://{HOST}:{port}/api/v1/alerts?status=firing'"


def _places(state: State, ports: Ports, monitoring: Monitoring | None) -> Iterator[str]:
    yield f"  console       http://{HOST}:{ports.backend}/"
    yield f"  API           http://{HOST}:{ports.backend}/api/openapi.json"
    if monitoring:
        yield f"  Prometheus    http://{HOST}:{ports.prometheus}/"
        yield f"  Alertmanager  http://{HOST}:{ports.alertmanager}/"
    yield f"  token         {state.admin_token}  (sign in with its content)"
    yield f"  logs          {state.logs}"


def _monitored(state: State, ports: Ports) -> Iterator[str]:
    yield "Prometheus and Alertmanager run too. The alert Watchdog reaches the backend within half"
    yield "a minute. The rules of charts/backend watch this backend, and Prometheus scrapes the"
    yield "services of the catalog (POST /api/v1/services). Add your own rules and targets, then"
    yield "reload:"
    yield ""
    yield f"  {state.prometheus}/rules/*.yml"
    yield f"  {state.prometheus}/targets/*.yml"
    yield f"  curl -sS -X POST http://{HOST}:{ports.prometheus}/-/reload"


def _by_hand(state: State, ports: Ports, now: datetime) -> Iterator[str]:
    yield "Prometheus or Alertmanager is not on PATH, so neither was started (Debian:"
    yield "apt-get install prometheus prometheus-alertmanager). Send a first alert by hand:"
    yield ""
    yield "  " + sample_alert_command(state, ports.backend, now=now)


def _authorization(state: State) -> str:
    # Inside $(...) the shell begins a new level of quotes.
    return f'-H "Authorization: Bearer $(cat {shlex.quote(str(state.admin_token))})"'


def _sample_message(now: datetime) -> str:
    labels = {"alertname": "CheckoutSlow", "service": "checkout", "severity": "warning"}
    annotations = {"summary": "Checkout answers slowly: a sample alert, sent by hand"}
    alert = {
        "status": "firing",
        "labels": labels,
        "annotations": annotations,
        "startsAt": now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "endsAt": _ZERO_TIME,
        "generatorURL": "",
        "fingerprint": _SAMPLE_FINGERPRINT,
    }
    message = {
        "version": "4",
        "groupKey": '{}:{alertname="CheckoutSlow"}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "backend",
        "groupLabels": {"alertname": "CheckoutSlow"},
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": "",
        "alerts": [alert],
    }
    return json.dumps(message, separators=(",", ":"))
