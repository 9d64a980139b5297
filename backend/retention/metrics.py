"""Metrics of retention."""

from prometheus_client import Counter, Gauge

DROPPED = Counter(
    "backend_partitions_dropped_total", "Partitions dropped with their rows.", ["table"]
)
DELETED = Counter("backend_retention_rows_deleted_total", "Old rows deleted one by one.", ["table"])
POSTPONED = Counter(
    "backend_partition_changes_postponed_total", "Partitions not made or dropped yet.", ["table"]
)
AHEAD = Gauge(
    "backend_partitions_ahead",
    "Partitions whose time has not begun; 0 means they run out.",
    ["table"],
)
DEFAULT_ROWS = Gauge(
    "backend_partition_default_rows",
    "Rows that fit no dated partition, up to 10,000: more than a few mean a clock that jumped, or"
    " a worker that was away.",
    ["table"],
)
