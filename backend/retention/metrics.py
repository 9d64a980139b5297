"""Metrics of retention."""

from prometheus_client import Counter, Gauge

DROPPED = Counter(
    "backend_partitions_dropped_total", "Partitions dropped with their rows.", ["table"]
)
DELETED = Counter("backend_retention_rows_deleted_total", "Old rows deleted one by one.", ["table"])
POSTPONED = Counter(
    "backend_partition_changes_postponed_total", "Postponed changes of partitions.", ["table"]
)
AHEAD = Gauge(
    "backend_partitions_ahead",
    "Partitions that exist ahead of time; 0 means they run out.",
    ["table"],
)
DEFAULT_ROWS = Gauge(
    "backend_partition_default_rows",
    "Rows that fit no dated partition, up to 10,000. More than a few mean that a clock jumped or"
    " that the worker was down.",
    ["table"],
)
