"""Links of panels: other dashboards, runbooks, log lines, traces and the console.

Uids are fixed, so links still work after a reinstallation.
"""

import json
from collections.abc import Mapping
from urllib.parse import quote

from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.models.dashboard import DashboardLinkType

from infra.monitoring.runbook_board import RUNBOOKS_UID, runbook_url

# The uids of Grafana's data sources, from infra/third_party.
PROMETHEUS, LOKI, JAEGER = "prometheus", "loki", "jaeger"
TAG = "platform"
OVERVIEW, BACKEND, DATABASE = "platform-overview", "platform-backend", "platform-database"
KUBERNETES, COST = "platform-kubernetes", "platform-cost"
# The service's name in Jaeger.
SERVICE = "backend"
# A variable of the overview; the Pulumi program sets it to the console's address.
CONSOLE = "console"
# Shows links directly; the builders' default hides them in a menu.
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
        _link("Runbooks", f"/d/{RUNBOOKS_UID}"),
    ]
    if console:
        links.append(_link("Console: what fires, by service", f"${{{CONSOLE}}}/"))
    return links


def runbook(alert: str) -> DashboardLink:
    return _link(f"Runbook {alert}", runbook_url(alert))


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
    # Grafana replaces ${…} before it opens the link, so these stay unquoted.
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
