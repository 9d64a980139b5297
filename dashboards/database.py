"""Database: whether it answers, who uses it, what it waits for. By postgres_exporter and the pools.

What only AWS knows (free storage, CPU credits) is CloudWatch's, whose alarms need no cluster.
"""

from dashboards import links
from dashboards import page as pages
from dashboards.page import Page, Section
from dashboards.panels import Panel, Query, falling, graph, rising, stat, table
from dashboards.queries import NAMESPACE, RATE

# Without the two that PostgreSQL keeps for itself, and what belongs to none.
_DATA = '{namespace="$namespace", datname!~"(template.*)?"}'
_CONNECTIONS = f"max(platform:database_connections:ratio{NAMESPACE})"
_CEILING = "max(platform:database_storage_ceiling:bytes)"
_LOCK_WAITS = 'wait_event_type="Lock", namespace="$namespace"'
_TROUBLE = '{namespace="$namespace", service_name="backend"} |= "database_trouble"'


def _hits(window: str) -> str:
    hit, read = (f"rate(pg_stat_database_blks_{kind}{_DATA}{window})" for kind in ("hit", "read"))
    return f"sum({hit}) / (sum({hit}) + sum({read}))"


def page() -> Page:
    return Page(
        uid=links.DATABASE,
        title="Database",
        description="Does the database answer, who uses it, and what does it wait for?",
        choices=[pages.NAMESPACE],
        sections=[
            Section("Is it well?", _status()),
            Section("Connections", _connections()),
            Section("Work", _work()),
            Section("Waiting", _waiting()),
            Section("Are these numbers complete?", _exporter()),
        ],
    )


def _status() -> list[Panel]:
    return [
        stat(
            "Reachable",
            "Does the database accept connections? Down: the backend answers 503, and"
            " Alertmanager retries.",
            f"max(pg_up{NAMESPACE})",
            unit="short",
            steps=falling(bad_below=1, good_from=1),
            texts={"0": "down", "1": "up"},
            alerts=["DatabaseDown", "DatabaseMetricsMissing"],
        ),
        stat(
            "Connections",
            "Which share of the connections is in use? At 100 % new connections fail.",
            _CONNECTIONS,
            unit="percentunit",
            steps=rising(warn=0.8, bad=0.9),
            alerts=["DatabaseConnectionsHigh"],
        ),
        stat(
            "Longest transaction",
            "Does a transaction block others? Age of the oldest; the backend's take milliseconds.",
            f"max(pg_stat_activity_max_tx_duration{NAMESPACE})",
            unit="s",
            steps=rising(warn=60, bad=600),
        ),
        stat(
            "Found in memory",
            "Is the memory large enough? Share of the blocks read in five minutes that were in"
            " the database's cache.",
            _hits("[5m]"),
            unit="percentunit",
            steps=falling(bad_below=0.9, good_from=0.99),
        ),
        stat(
            "Space used",
            "How large is the data relative to the storage ceiling? All databases together."
            " Logs and temporary files are extra; only CloudWatch sees them.",
            f"max(platform:database_size:bytes{NAMESPACE}) / on () {_CEILING}",
            unit="percentunit",
            steps=rising(warn=0.75, bad=0.9),
            alerts=["DatabaseSpaceShort"],
        ),
        stat(
            "Up for",
            "Did it restart? A failover, maintenance or a crash resets it.",
            f"time() - min(pg_postmaster_start_time_seconds{NAMESPACE})",
            unit="s",
            steps=falling(bad_below=60, good_from=3600),
        ),
    ]


def _connections() -> list[Panel]:
    return [
        graph(
            "Connections by state",
            "What do connections do? Idle in a transaction is a fault, because it keeps locks."
            " The last series is the limit.",
            Query(f"sum by (state) (pg_stat_activity_count{_DATA}) > 0", "{{state}}"),
            Query(f"max(pg_settings_max_connections{NAMESPACE})", "limit"),
            unit="short",
        ),
        graph(
            "The backend's pools",
            "Do the pods use up their pools? Connections in use by pod, and the limit of each.",
            Query(
                "max by (pod) (backend_database_pool_connections"
                '{namespace="$namespace", state="used"})',
                "{{pod}}",
            ),
            Query(f"max(backend_database_pool_limit_connections{NAMESPACE})", "limit of each"),
            unit="short",
            alerts=["BackendDatabasePoolExhausted"],
            logs=_TROUBLE,
        ),
        graph(
            "Failed operations of the backend",
            "Which database errors does the backend get? By kind, per second.",
            Query(
                f"sum by (kind) (rate(backend_database_errors_total{NAMESPACE}{RATE}))", "{{kind}}"
            ),
            unit="cps",
            alerts=["BackendIntakeFailing"],
            logs=_TROUBLE,
            traces=True,
        ),
    ]


def _work() -> list[Panel]:
    written = ("inserted", "updated", "deleted")
    return [
        graph(
            "Transactions",
            "How many transactions commit and roll back? Per second; rollbacks are refused or"
            " failed requests.",
            Query(f"sum(rate(pg_stat_database_xact_commit{_DATA}{RATE}))", "committed"),
            Query(f"sum(rate(pg_stat_database_xact_rollback{_DATA}{RATE}))", "rolled back"),
            unit="cps",
        ),
        graph(
            "Rows written",
            "What changes? Rows per second.",
            *(
                Query(f"sum(rate(pg_stat_database_tup_{kind}{_DATA}{RATE}))", kind)
                for kind in written
            ),
            unit="wps",
            stacked=True,
        ),
        graph(
            "Rows read",
            "Do queries read more than they return? Rows scanned, and rows fetched by an index;"
            " a large gap means a missing index.",
            Query(f"sum(rate(pg_stat_database_tup_returned{_DATA}{RATE}))", "scanned"),
            Query(f"sum(rate(pg_stat_database_tup_fetched{_DATA}{RATE}))", "fetched"),
            unit="rps",
        ),
        graph(
            "Size by database",
            'What grows? Bytes of each database; "Space used" shows how much the storage can hold.',
            Query(f"max by (datname) (pg_database_size_bytes{_DATA})", "{{datname}}"),
            unit="bytes",
            width=12,
            alerts=["DatabaseSpaceShort", "DatabaseSpaceGrowing"],
        ),
        graph(
            "Cache hits over time",
            "Does it read from disk? Share of blocks that were in its cache; if it stays below"
            " 99 %, memory is short.",
            Query(_hits(RATE), "in cache"),
            unit="percentunit",
            width=12,
            steps=falling(bad_below=0.9, good_from=0.99),
            maximum=1,
        ),
    ]


def _waiting() -> list[Panel]:
    return [
        graph(
            "Locks",
            "Does a lock block others? Locks by mode (AccessExclusive, from a migration, blocks"
            " everyone), and the connections that wait for one.",
            Query(f"sum by (mode) (pg_locks_count{_DATA}) > 0", "{{mode}}"),
            Query(f"sum(pg_stat_activity_count{{{_LOCK_WAITS}}})", "waiting for a lock"),
            unit="short",
            alerts=["DatabaseLockWaits"],
        ),
        graph(
            "Longest transaction by state",
            "Which transactions stay open? The oldest transaction by the state of its connection.",
            Query(f"max by (state) (pg_stat_activity_max_tx_duration{_DATA}) > 0", "{{state}}"),
            unit="s",
            steps=rising(warn=60, bad=600),
            alerts=["DatabaseTransactionLong"],
        ),
        graph(
            "Deadlocks",
            "Do transactions deadlock? Per hour; each deadlock fails one transaction, which is"
            " retried.",
            Query(
                f"sum by (datname) (increase(pg_stat_database_deadlocks{_DATA}[1h]))", "{{datname}}"
            ),
            unit="short",
            logs=_TROUBLE,
        ),
        graph(
            "Time for disk",
            "Do reads and writes take long? Seconds per second; zero if track_io_timing is off.",
            Query(f"sum(rate(pg_stat_database_blk_read_time{_DATA}{RATE})) / 1000", "reading"),
            Query(f"sum(rate(pg_stat_database_blk_write_time{_DATA}{RATE})) / 1000", "writing"),
            unit="percentunit",
            width=12,
        ),
        graph(
            "Temporary files",
            "Do sorts exceed memory? Bytes per second written to temporary files.",
            Query(
                f"sum by (datname) (rate(pg_stat_database_temp_bytes{_DATA}{RATE}))", "{{datname}}"
            ),
            unit="Bps",
            width=12,
        ),
    ]


def _exporter() -> list[Panel]:
    return [
        table(
            "Collectors that fail",
            "Which numbers are missing? Collectors of the exporter that failed.",
            f"min by (collector) (pg_scrape_collector_success{NAMESPACE}) == 0",
            columns=["collector"],
            value_column="success",
            unit="short",
            alerts=["DatabaseCollectorFailing"],
        ),
        graph(
            "Collection time",
            "Do scrapes take too long? Seconds of each collector; the limit of a scrape is ten"
            " in all.",
            Query(
                f"max by (collector) (pg_scrape_collector_duration_seconds{NAMESPACE})",
                "{{collector}}",
            ),
            unit="s",
            width=12,
            stacked=True,
            steps=rising(bad=10),
        ),
    ]
