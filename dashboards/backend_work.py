"""The backend's work, for its dashboard: intake, jobs, and what both need."""

from dashboards.panels import Panel, Query, falling, graph, rising
from dashboards.queries import BACKEND, INTAKE, NAMESPACE, RATE, REQUESTS, TROUBLE, duration


def intake() -> list[Panel]:
    lag = "histogram_quantile({0}, sum by (le) (rate(backend_intake_lag_seconds_bucket{1}[10m])))"
    return [
        graph(
            "Deliveries",
            "What happens to deliveries? Refused ones are lost (4xx, no retry); Alertmanager"
            " retries failed ones.",
            Query(
                f"sum by (outcome) (rate(backend_deliveries_total{NAMESPACE}{RATE}))", "{{outcome}}"
            ),
            Query(f'sum(rate({REQUESTS}{{{INTAKE}, status="5xx"}}{RATE}))', "failed"),
            unit="cps",
            alerts=["BackendIntakeFailing", "BackendDeliveriesRefused"],
            logs=TROUBLE,
        ),
        graph(
            "Alerts taken in",
            "Are alerts stored? Per second: accepted (with repeats), rejected by reason, and"
            " repaired: stored with a part converted, cut or left out. Truncated ones never came:"
            " Alertmanager's receiver has a max_alerts. Shared ones are of two clusters behind one"
            " integration.",
            Query(f"sum(rate(backend_alerts_accepted_total{NAMESPACE}{RATE}))", "accepted"),
            Query(
                f"sum by (code) (rate(backend_alerts_rejected_total{NAMESPACE}{RATE}))",
                "rejected: {{code}}",
            ),
            Query(
                f"sum by (code) (rate(backend_alerts_repaired_total{NAMESPACE}{RATE}))",
                "repaired: {{code}}",
            ),
            Query(f"sum(rate(backend_alerts_truncated_total{NAMESPACE}{RATE}))", "truncated"),
            Query(f"sum(rate(backend_alerts_shared_total{NAMESPACE}{RATE}))", "shared"),
            unit="cps",
            alerts=["BackendAlertsRejected", "BackendAlertsTruncated", "BackendIntegrationShared"],
        ),
        graph(
            "Episodes",
            "Do more alerts begin than end? Episodes opened and closed per minute.",
            Query(f"sum(rate(backend_episodes_opened_total{NAMESPACE}{RATE})) * 60", "opened"),
            Query(f"sum(rate(backend_episodes_closed_total{NAMESPACE}{RATE})) * 60", "closed"),
            Query(
                f"sum(rate(backend_episodes_contested_total{NAMESPACE}{RATE})) * 60", "contested"
            ),
            unit="cpm",
        ),
        graph(
            "Intake duration",
            "How long does storing a delivery take? Alertmanager gives up after at least ten"
            " seconds; above 5 s an alert fires.",
            Query(duration(0.5, INTAKE), "answer p50"),
            Query(duration(0.99, INTAKE), "answer p99"),
            Query(
                "histogram_quantile(0.99, sum by (le)"
                f" (rate(backend_ingest_duration_seconds_bucket{NAMESPACE}{RATE})))",
                "without commit p99",
            ),
            unit="s",
            width=12,
            steps=rising(bad=5),
            alerts=["BackendIntakeSlow"],
            traces=True,
        ),
        graph(
            "Intake lag",
            "How late do changes arrive? From an alert's start or end until it is stored, by"
            " delivery. Alertmanager delays a change by five minutes at most; above ten an"
            " alert fires.",
            Query(lag.format(0.5, NAMESPACE), "half"),
            Query(lag.format(0.95, NAMESPACE), "95 %"),
            unit="s",
            width=12,
            steps=rising(bad=600),
            alerts=["BackendIntakeLate"],
        ),
    ]


def jobs() -> list[Panel]:
    return [
        graph(
            "Job runs",
            "Do the periodic jobs succeed? Runs per hour by job and outcome.",
            Query(
                f"sum by (task, outcome) (increase(backend_job_runs_total{NAMESPACE}[1h]))",
                "{{task}} {{outcome}}",
            ),
            unit="short",
            alerts=["BackendJobFailing"],
            logs=TROUBLE,
            traces=True,
        ),
        graph(
            "Last success",
            "How long ago did each job succeed? The value grows between two runs. The pulse"
            " runs every minute; ten minutes without it fire an alert.",
            Query(
                f"time() - max by (task) (backend_job_last_success_timestamp_seconds{NAMESPACE})",
                "{{task}}",
            ),
            unit="s",
            alerts=["BackendWorkerStalled"],
        ),
        graph(
            "Oldest waiting job",
            "Does work wait for a worker? Time since the oldest job or schedule was due.",
            Query(f"max by (kind) (backend_jobs_waiting_oldest_seconds{NAMESPACE})", "{{kind}}"),
            unit="s",
            steps=rising(bad=900),
            alerts=["BackendJobsWaiting"],
        ),
        graph(
            "Waiting jobs",
            "How much work is due that no worker has taken? Jobs and schedules.",
            Query(f"max by (kind) (backend_jobs_waiting{NAMESPACE})", "{{kind}}"),
            unit="short",
            width=6,
        ),
        graph(
            "Job duration",
            "How long do jobs take? 95th percentile of an hour.",
            Query(
                "histogram_quantile(0.95, sum by (le, task)"
                f" (rate(backend_job_duration_seconds_bucket{NAMESPACE}[1h])))",
                "{{task}}",
            ),
            unit="s",
            width=6,
            traces=True,
        ),
        graph(
            "Partitions ahead",
            "Are partitions ready for the coming days? Partitions that exist ahead of time;"
            " below 2 the worker has not created new ones.",
            Query(f"min by (table) (backend_partitions_ahead{NAMESPACE})", "{{table}}"),
            unit="short",
            width=6,
            steps=falling(bad_below=2, good_from=2),
            alerts=["BackendPartitionsRunOut"],
        ),
        graph(
            "Rows that retention removed",
            "Is old data removed? Rows deleted one by one and partitions dropped, per hour.",
            Query(
                f"sum by (table) (increase(backend_retention_rows_deleted_total{NAMESPACE}[1h]))",
                "rows of {{table}}",
            ),
            Query(
                f"sum by (table) (increase(backend_partitions_dropped_total{NAMESPACE}[1h]))",
                "partitions of {{table}}",
            ),
            unit="short",
            width=6,
        ),
    ]


def resources() -> list[Panel]:
    used = 'backend_database_pool_connections{namespace="$namespace", state="used"}'
    return [
        graph(
            "Database pool",
            "Are there database connections left? In use by pod, and the limit of each pool.",
            Query(f"max by (pod) ({used})", "{{pod}}"),
            Query(f"max(backend_database_pool_limit_connections{NAMESPACE})", "limit of each"),
            unit="short",
            alerts=["BackendDatabasePoolExhausted"],
            logs=TROUBLE,
        ),
        graph(
            "Database errors",
            "Which database errors occur? connect: not reachable. pool: no free connection."
            " passing: temporary, retried. value: cannot be stored.",
            Query(
                f"sum by (kind) (rate(backend_database_errors_total{NAMESPACE}{RATE}))", "{{kind}}"
            ),
            unit="cps",
            logs=TROUBLE,
        ),
        graph(
            "Sign-ins",
            "Does somebody guess tokens? Sign-ins to the console per hour by outcome.",
            Query(
                f"sum by (outcome) (increase(backend_console_sign_ins_total{NAMESPACE}[1h]))",
                "{{outcome}}",
            ),
            unit="short",
        ),
        graph(
            "Memory",
            "Does memory stay within its limit? Resident memory by pod; the chart's limit is"
            " 512 MiB.",
            Query(f"max by (pod) (process_resident_memory_bytes{{{BACKEND}}})", "{{pod}}"),
            unit="bytes",
            width=12,
            steps=rising(warn=0.85 * 512 * 1024**2, bad=512 * 1024**2),
        ),
        graph(
            "CPU",
            "How much CPU does each pod use? In cores; one process cannot use more than one.",
            Query(f"sum by (pod) (rate(process_cpu_seconds_total{{{BACKEND}}}{RATE}))", "{{pod}}"),
            unit="short",
            width=12,
            steps=rising(bad=1),
        ),
    ]
