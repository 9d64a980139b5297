"""Platform overview, the first dashboard: problems, their effects and possible causes."""

from dashboards import links
from dashboards.backend import burn
from dashboards.page import NAMESPACE, Page, Section
from dashboards.panels import Panel, Query, bars, falling, graph, rising, stat, table
from dashboards.queries import API_PODS, ASKED, FAILED, RATE, REQUESTS, WORKERS, duration

_ALL_TROUBLE = '{namespace=~"$namespace|monitoring"} |~ "(?i)error|fatal|panic"'
# Without the alerts that always fire to prove that alerts arrive.
_REAL = 'alertstate="firing", alertname!~"Watchdog|InfoInhibitor|BackendHeartbeat"'


def page() -> Page:
    return Page(
        uid=links.OVERVIEW,
        title="Platform overview",
        description="Is anything wrong, do users notice, and where to look next?",
        choices=[NAMESPACE],
        console=True,
        sections=[
            Section("Is anything wrong now?", [*_status(), *_firing()]),
            Section("Do users notice?", _rates()),
            Section("What may be the cause?", _causes()),
            Section("Does monitoring work?", _monitoring()),
        ],
    )


def _status() -> list[Panel]:
    return [
        stat(
            "Critical alerts",
            "Does anything fire that needs action now? The table below lists it.",
            f'count(ALERTS{{{_REAL}, severity="critical"}}) or vector(0)',
            unit="short",
            steps=rising(bad=1),
            width=3,
        ),
        stat(
            "Warnings",
            "Does anything fire that can wait until morning?",
            f'count(ALERTS{{{_REAL}, severity="warning"}}) or vector(0)',
            unit="short",
            steps=rising(warn=1),
            width=3,
        ),
        stat(
            "API pods",
            "How many API pods answer? Two or more; at 0 the backend stores no alerts.",
            API_PODS,
            unit="short",
            steps=falling(bad_below=1, good_from=2),
            alerts=["BackendDown"],
            width=3,
        ),
        stat(
            "Workers",
            "How many workers answer? One; without it no periodic job runs.",
            WORKERS,
            unit="short",
            steps=falling(bad_below=1, good_from=1),
            alerts=["BackendWorkerDown"],
            width=3,
        ),
        stat(
            "Failed requests",
            "Which share of the requests of five minutes was answered 5xx? No number: there"
            " were no requests.",
            FAILED,
            unit="percentunit",
            steps=rising(warn=0.001, bad=0.05),
            alerts=["BackendErrors"],
            width=3,
        ),
        stat(
            "Database",
            "Does the database accept connections? As its exporter sees it.",
            'max(pg_up{namespace="$namespace"})',
            unit="short",
            steps=falling(bad_below=1, good_from=1),
            texts={"0": "down", "1": "up"},
            alerts=["DatabaseDown"],
            width=3,
        ),
        stat(
            "Nodes not ready",
            "Are all nodes ready? Pods leave a silent node after ten seconds.",
            'count(kube_node_status_condition{condition="Ready", status="true"} == 0) or vector(0)',
            unit="short",
            steps=rising(bad=1),
            width=3,
        ),
        stat(
            "Targets down",
            "Do all scrape targets answer? The table below lists those that do not.",
            "count(up == 0) or vector(0)",
            unit="short",
            steps=rising(warn=1),
            width=3,
        ),
    ]


def _firing() -> list[Panel]:
    return [
        table(
            "Firing alerts",
            "What fires, and for how long? The link Runbooks above has the runbook of each; the"
            " console shows alerts by service.",
            "time() - max by (alertname, severity, namespace) (ALERTS_FOR_STATE"
            f" and ignoring (alertstate) ALERTS{{{_REAL}}})",
            columns=["alertname", "severity", "namespace"],
            value_column="since it was first seen",
            unit="s",
            width=16,
        ),
        table(
            "Targets that do not answer",
            "Which targets does Prometheus not reach? Number by job.",
            "count by (job, namespace) (up == 0)",
            columns=["job", "namespace"],
            value_column="down",
            unit="short",
            width=8,
        ),
    ]


def _rates() -> list[Panel]:
    return [
        graph(
            "Requests",
            "How many requests does the backend get, and do they fail? Answers per second by"
            " class.",
            Query(f"sum by (status) (rate({REQUESTS}{{{ASKED}}}{RATE}))", "{{status}}"),
            unit="reqps",
            width=6,
            stacked=True,
            alerts=["BackendErrors"],
            logs=_ALL_TROUBLE,
            traces=True,
        ),
        graph(
            "Duration",
            "How long do requests take? A diamond is a request with a trace. The line is the"
            " objective: a second for 99 %.",
            Query(duration(0.5), "p50"),
            Query(duration(0.99), "p99"),
            unit="s",
            width=6,
            steps=rising(bad=1),
            alerts=["BackendLatencyBurn"],
            traces=True,
        ),
        graph(
            "Alerts taken in",
            "Do alerts arrive, and are they stored? Per second.",
            Query(
                f'sum(rate(backend_alerts_accepted_total{{namespace="$namespace"}}{RATE}))',
                "accepted",
            ),
            Query(
                f'sum(rate(backend_alerts_rejected_total{{namespace="$namespace"}}{RATE}))',
                "rejected",
            ),
            unit="cps",
            width=6,
            alerts=["BackendDeliveriesMissing", "BackendAlertsRejected"],
        ),
        burn(width=6),
    ]


def _causes() -> list[Panel]:
    requested = (
        "sum(cluster:namespace:pod_{0}:active:kube_pod_container_resource_requests)"
        ' / sum(kube_node_status_allocatable{{resource="{0}"}})'
    )
    return [
        bars(
            "Node capacity",
            "Do a rolling update and the pods of a lost node fit? Requested share of all nodes;"
            " `make plan` warns at 85 %.",
            Query(requested.format("cpu"), "CPU"),
            Query(requested.format("memory"), "memory"),
            Query(
                'sum(kube_pod_status_phase{phase=~"Pending|Running"})'
                ' / sum(kube_node_status_allocatable{resource="pods"})',
                "pods",
            ),
            unit="percentunit",
            width=6,
            steps=rising(warn=0.85, bad=1),
            maximum=1,
            alerts=["ClusterRoomShort"],
        ),
        graph(
            "Database connections",
            "Are there connections left? Share of the database's limit.",
            Query(
                'max(platform:database_connections:ratio{namespace="$namespace"})',
                "in use",
            ),
            unit="percentunit",
            width=6,
            steps=rising(warn=0.8, bad=0.9),
            maximum=1,
            alerts=["DatabaseConnectionsHigh", "BackendDatabasePoolExhausted"],
        ),
        bars(
            "Fullest volumes",
            "Does a volume fill up? Used share of the five fullest.",
            Query(
                "topk(5, max by (namespace, persistentvolumeclaim) (kubelet_volume_stats_used_bytes"
                " / kubelet_volume_stats_capacity_bytes))",
                "{{persistentvolumeclaim}}",
            ),
            unit="percentunit",
            width=6,
            steps=rising(warn=0.85, bad=0.97),
            maximum=1,
        ),
        table(
            "Restarts",
            "Does something restart repeatedly? Containers that restarted within an hour.",
            "sum by (namespace, pod, container)"
            " (increase(kube_pod_container_status_restarts_total[1h])) > 0.5",
            columns=["namespace", "pod", "container"],
            value_column="restarts",
            unit="short",
            width=6,
        ),
    ]


def _monitoring() -> list[Panel]:
    return [
        graph(
            "Notifications",
            "Do alerts leave Alertmanager? Sent and failed per minute by kind of receiver.",
            Query(
                "sum by (integration) (rate(alertmanager_notifications_total[5m])) * 60 > 0",
                "{{integration}}",
            ),
            Query(
                "sum by (integration) (rate(alertmanager_notifications_failed_total[5m])) * 60 > 0",
                "{{integration}} failed",
            ),
            unit="cpm",
            width=6,
            logs='{namespace="monitoring", container="alertmanager"}',
        ),
        graph(
            "Rules that fail",
            "Does Prometheus evaluate its rules? Failed evaluations per minute, all and by"
            " group. The alerts of a failed group cannot fire.",
            Query("sum(rate(prometheus_rule_evaluation_failures_total[5m])) * 60", "all"),
            Query(
                "sum by (group) (label_replace(rate(prometheus_rule_evaluation_failures_total[5m]),"
                ' "group", "$1", "rule_group", ".*;(.*)")) * 60 > 0',
                "{{group}}",
            ),
            unit="cpm",
            width=6,
            logs='{namespace="monitoring", container="prometheus"}',
        ),
        graph(
            "Time series",
            "Do too many series burden Prometheus? Series in memory; each takes a few KiB.",
            Query("sum by (job) (prometheus_tsdb_head_series)", "{{job}}"),
            unit="short",
            width=6,
        ),
        graph(
            "Scrape duration",
            "Do scrapes take too long? The slowest of each job; ten seconds is their limit.",
            Query("topk(5, max by (job) (scrape_duration_seconds))", "{{job}}"),
            unit="s",
            width=6,
            steps=rising(warn=5, bad=10),
        ),
    ]
