"""One request, found as a metric with an exemplar and as a trace."""

import secrets
import time
from collections.abc import Mapping
from typing import Any

from e2e.cluster.processes import wait_until
from e2e.drills import looks
from e2e.drills.drill import Checks
from e2e.drills.monitoring import signals
from e2e.platform.errors import PlatformError
from e2e.platform.platform import Platform
from infra.third_party.grafana import TRACE_ID

# Two scrapes; the export of traces takes seconds.
_EXEMPLAR_SECONDS = 90
_ARRIVAL_SECONDS = 60
_PAUSE_SECONDS = 5
_DURATIONS = "backend_http_request_duration_seconds_bucket"


def correlated(platform: Platform, checks: Checks) -> None:
    """A request with a sampled trace is found in Prometheus and Jaeger by the same id.

    Of each bucket of durations Prometheus keeps the newest exemplar of a scrape: requests go on
    until one of them is found.
    """
    began = time.time()
    with signals.prometheus(platform) as api:
        trace = _exemplar(platform, api, began, checks)
    checks.note(exemplar_s=time.time() - began)
    with signals.jaeger(platform) as api:
        arrived = wait_until(lambda: bool(_spans(api, trace)), seconds=_ARRIVAL_SECONDS, every=1)
        checks.require(arrived, f"the trace is not in Jaeger after {_ARRIVAL_SECONDS} s")
        spans = _spans(api, trace)
    checks.note(trace_s=time.time() - began, spans=len(spans))
    tags = {tag["key"] for span in spans for tag in span["tags"]}
    said = f"no span of {len(spans)} is of a database statement: {spans}"
    checks.require("db.system.name" in tags, said[:300])


def _exemplar(platform: Platform, api: signals.Api, began: float, checks: Checks) -> str:
    """Send requests until one of them is an exemplar; give its trace id."""
    sent: set[str] = set()
    while time.time() < began + _EXEMPLAR_SECONDS:
        sent.add(_request(platform))
        time.sleep(_PAUSE_SECONDS)
        found: list[Mapping[str, Any]] = api.data(
            "/api/v1/query_exemplars", query=_DURATIONS, start=began, end=time.time()
        )
        ids: set[str] = {
            each["labels"][TRACE_ID] for series in found for each in series["exemplars"]
        }
        if known := ids & sent:
            checks.note(requests=len(sent))
            return known.pop()
    return checks.fail(f"none of {len(sent)} traces is an exemplar of {_DURATIONS}")


def _request(platform: Platform) -> str:
    """Read the alerts as a caller whose trace is sampled; give the trace's id."""
    trace = secrets.token_hex(16)
    traceparent = f"00-{trace}-{secrets.token_hex(8)}-01"
    looks.call(platform, "/api/v1/alerts", traceparent=traceparent)
    return trace


def _spans(api: signals.Api, trace: str) -> list[Mapping[str, Any]]:
    try:
        found = api.data(f"/api/traces/{trace}")
    except PlatformError:  # 404 until it has arrived
        return []
    return [span for each in found for span in each["spans"]]
