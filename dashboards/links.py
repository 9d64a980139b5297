"""Where panels lead to: other dashboards, runbooks, log lines and traces, the console.

Uids are fixed, so that a link outlives every reinstallation.
"""

import json
import zlib
from collections.abc import Mapping
from urllib.parse import quote

from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.models.dashboard import DashboardLinkType

# The uids of Grafana's data sources, from infra/config/chart_values and
# infra/monitoring/data_sources.py.
PROMETHEUS, LOKI, JAEGER = "prometheus", "loki", "jaeger"
TAG = "platform"
OVERVIEW, BACKEND, DATABASE = "platform-overview", "platform-backend", "platform-database"
KUBERNETES, COST, RUNBOOKS = "platform-kubernetes", "platform-cost", "platform-runbooks"
# The service's name in Jaeger.
SERVICE = "backend"
# A constant of the overview; the program puts in where the console is.
CONSOLE = "console"
# The builders' default is a menu that has to be opened first.
IN_SIGHT = ""


def header(*, console: bool) -> list[DashboardLink]:
    """Return the links above every dashboard."""
    links = [
        DashboardLink("Platform")
        .type(DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(as_dropdown=True)
        .placement(IN_SIGHT)
        .keep_time(keep_time=True)
        .include_vars(include_vars=True),
        _link("Runbooks", f"/d/{RUNBOOKS}"),
    ]
    if console:
        links.append(_link("Console: what fires, by service", f"${{{CONSOLE}}}/"))
    return links


def runbook(alert: str) -> DashboardLink:
    return _link(f"Runbook {alert}", f"/d/{RUNBOOKS}?viewPanel=panel-{runbook_panel(alert)}")


def runbook_panel(alert: str) -> int:
    """Return the number of an alert's panel: it stays when other runbooks come and go."""
    return zlib.crc32(alert.encode()) % 1_000_000


def logs(selector: str) -> DashboardLink:
    query = {"refId": "A", "expr": selector, "datasource": {"type": "loki", "uid": LOKI}}
    return _link("Log lines", _explore(LOKI, query))


def traces() -> DashboardLink:
    query = {
        "refId": "A",
        "queryType": "search",
        "service": SERVICE,
        "datasource": {"type": "jaeger", "uid": JAEGER},
    }
    return _link("Traces", _explore(JAEGER, query))


def _explore(source: str, query: Mapping[str, object]) -> str:
    panes = {
        "platform": {
            "datasource": source,
            "queries": [query],
            "range": {"from": "${__from}", "to": "${__to}"},
        }
    }
    # Grafana fills in ${…} before it opens the link, so these stay as they are.
    encoded = quote(json.dumps(panes, separators=(",", ":")), safe="${}_")
    return f"/explore?schemaVersion=1&orgId=1&panes={encoded}"


def _link(title: str, url: str) -> DashboardLink:
    return (
        DashboardLink(title)
        .type(DashboardLinkType.LINK)
        .url(url)
        .placement(IN_SIGHT)
        .target_blank(target_blank=not url.startswith("/d/"))
    )
