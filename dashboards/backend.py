"""Backend: whether it answers, takes in alerts, and runs its jobs.

The only one that the chart ships: it belongs to the backend, wherever that is installed.
"""

from dashboards import links
from dashboards.backend_work import intake, jobs, resources
from dashboards.page import NAMESPACE, Page, Section
from dashboards.panels import Panel, Query, falling, graph, rising, stat
from dashboards.queries import (
    API_PODS,
    ASKED,
    FAILED,
    LINES,
    RATE,
    REQUESTS,
    TROUBLE,
    WORKERS,
    duration,
)

# Eight hours of the objectives' budget are gone in one (14.4), or in four (6): infra's rules.
FAST_BURN, SLOW_BURN = 14.4, 6.0


def page() -> Page:
    return Page(
        uid=links.BACKEND,
        title="Backend",
        description="Does the backend store alerts and answer requests?",
        choices=[NAMESPACE],
        sections=[
            Section("Is it well?", _status()),
            Section("Requests", _requests()),
            Section("Intake: what Alertmanager delivers", intake()),
            Section("Worker", jobs()),
            Section("What it needs", resources()),
        ],
    )


def _status() -> list[Panel]:
    return [
        stat(
            "API pods",
            "How many API pods answer Prometheus? Two or more; at 0 the backend stores no alerts.",
            API_PODS,
            unit="short",
            steps=falling(bad_below=1, good_from=2),
            alerts=["BackendDown"],
        ),
        stat(
            "Workers",
            "How many workers answer Prometheus? One. Without it the backend still stores alerts.",
            WORKERS,
            unit="short",
            steps=falling(bad_below=1, good_from=1),
            alerts=["BackendWorkerDown"],
        ),
        stat(
            "Failed requests",
            "Which share of the requests of five minutes was answered 5xx? Probes do not count;"
            " more than 5 % for five minutes fires an alert. No number: there were no requests.",
            FAILED,
            unit="percentunit",
            steps=rising(warn=0.001, bad=0.05),
            alerts=["BackendErrors"],
        ),
        stat(
            "Slow answers",
            "How long does the slowest hundredth of the requests take? The objective is 99 %"
            " below a second.",
            duration(0.99, window="[5m]"),
            unit="s",
            steps=rising(warn=0.5, bad=1),
            alerts=["BackendLatencyBurn"],
        ),
        stat(
            "Deliveries in 12 min",
            "Does Alertmanager reach the backend? It repeats the heartbeat every five minutes,"
            " so 0 means that no delivery arrives.",
            'sum(increase(backend_deliveries_total{namespace="$namespace", outcome="stored"}'
            "[12m]))",
            unit="short",
            decimals=0,
            steps=falling(bad_below=0.5, good_from=0.5),
            alerts=["BackendDeliveriesMissing"],
        ),
        stat(
            "Versions",
            "Which versions run, and on how many pods? Two versions during a rollout, otherwise"
            " one.",
            'count by (version) (backend_build_info{namespace="$namespace"})',
            unit="short",
            legend="{{version}}",
        ),
    ]


def _requests() -> list[Panel]:
    return [
        graph(
            "Requests",
            "Which routes get requests? Requests per second by route, without probes.",
            Query(f"sum by (route) (rate({REQUESTS}{{{ASKED}}}{RATE})) > 0", "{{route}}"),
            unit="reqps",
            stacked=True,
            logs=LINES,
        ),
        graph(
            "Errors",
            "Which routes fail? Answers per second with 4xx (the client's fault) and 5xx (ours).",
            Query(
                f'sum by (route, status) (rate({REQUESTS}{{{ASKED}, status=~"4xx|5xx"}}{RATE}))'
                " > 0",
                "{{status}} {{route}}",
            ),
            unit="reqps",
            alerts=["BackendErrors"],
            logs=TROUBLE,
            traces=True,
        ),
        graph(
            "Duration",
            "How long do requests take? A diamond is a request with a trace: click it. The line"
            " is the objective, a second for 99 %.",
            *(Query(duration(share), f"p{int(share * 100)}") for share in (0.5, 0.9, 0.99)),
            unit="s",
            steps=rising(bad=1),
            alerts=["BackendLatencyBurn"],
            traces=True,
        ),
        graph(
            "Duration by route",
            "Which route is slow? 99th percentile of each.",
            Query(duration(0.99, by="route"), "{{route}}"),
            unit="s",
            width=12,
            steps=rising(bad=1),
            traces=True,
        ),
        burn(width=12),
    ]


def burn(*, width: int) -> Panel:
    """How fast the error budgets are used up; also on the overview."""
    spent = (
        'sum_over_time(backend:http_requests_{0}:increase5m{{namespace="$namespace"}}[{1}])'
        ' / sum_over_time(backend:http_requests:increase5m{{namespace="$namespace"}}[{1}]) / {2}'
    )
    return graph(
        "Error budget burn",
        "How fast are the error budgets used up? At 1 a month's budget (0.1 % failed, 1 %"
        " slower than a second) lasts a month. Lines: 6 and 14.4, which page somebody.",
        Query(spent.format("failed", "1h", 0.001), "failed, 1 h"),
        Query(spent.format("failed", "6h", 0.001), "failed, 6 h"),
        Query(spent.format("slow", "1h", 0.01), "slow, 1 h"),
        unit="x",
        width=width,
        steps=rising(warn=SLOW_BURN, bad=FAST_BURN),
        alerts=["BackendAvailabilityBurn", "BackendLatencyBurn"],
        logs=TROUBLE,
    )
