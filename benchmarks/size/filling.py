"""Fills a database by SQL: alerts, and the closed episodes of more than a year."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from backend.retention.periods import Partition
from backend.retention.service import EPISODES
from benchmarks.database import Postgres
from benchmarks.progress import say

FIRING = 1000


@dataclass(frozen=True)
class Size:
    """So many alerts, of which FIRING fire, and closed episodes spread over so many days."""

    alerts: int
    episodes: int
    days: int


# The same number of episodes a day, and of alerts that fire: pages and ranges show as much.
LARGE = Size(1_000_000, 10_000_000, days=400)
SMALL = Size(10_000, 100_000, days=4)

# Rules, services and pods as a cluster has them; labels are those of an ordinary alert. By a hash:
# else all that fire in a large size would be of one service.
_LABELS = """jsonb_build_object(
    'alertname', 'Rule' || h % 300, 'service', 'service-' || h % 200, 'severity',
    (ARRAY['critical', 'warning', 'info'])[1 + h % 3], 'namespace', 'team-' || h % 40,
    'pod', 'checkout-' || md5(n::text), 'cluster', 'eu-' || h % 4)"""
_NAMES = """'Rule' || h % 300, 'service-' || h % 200,
    (ARRAY['critical', 'warning', 'info'])[1 + h % 3]"""
_HASH = "hashint8(n)::bigint & 1073741823"
_ALERTS = f"""
INSERT INTO alert (integration_id, fingerprint, status, labels, annotations, alertname, service,
    severity, starts_at, ends_at, closed_through, status_changed_at, first_seen_at, last_seen_at,
    times_seen)
SELECT 1, 'size-' || n, status, {_LABELS},
    jsonb_build_object('summary', 'Pod checkout-' || md5(n::text) || ' restarts again and again',
        'description', 'The container exits shortly after it has started.'),
    {_NAMES}, changed, CASE WHEN status = 'resolved' THEN changed END,
    CASE WHEN status = 'resolved' THEN changed END, changed, changed, changed, 10
FROM (SELECT n, CASE WHEN n % ($1 / {FIRING}) = 0 THEN 'firing' ELSE 'resolved' END AS status,
             $2::timestamptz - n * ($3::interval / $1) AS changed, {_HASH} AS h
      FROM generate_series(1, $1::bigint) AS n) AS numbered
"""  # noqa: S608  # texts of our own
_OPEN = """
INSERT INTO open_episode (integration_id, fingerprint, opened_at)
SELECT integration_id, fingerprint, starts_at FROM alert WHERE status = 'firing'
ON CONFLICT DO NOTHING
"""
# Twenty minutes on average, and one of a thousand three days. In the order of the primary key.
_EPISODES = f"""
INSERT INTO episode (integration_id, fingerprint, opened_at, closed_at, resolved_by, alertname,
    service, severity, labels)
SELECT 1, 'size-' || n % $1::bigint,
    closed_at - CASE WHEN n % 1000 = 0 THEN interval '3 days'
                     ELSE -ln(random() + 1e-9) * interval '20 minutes' END,
    closed_at, 'alertmanager', {_NAMES}, {_LABELS}
FROM (SELECT n, $2::timestamptz + n * ($3::interval / $4::bigint) AS closed_at, {_HASH} AS h
      FROM generate_series(0, $4::bigint - 1) AS n) AS numbered
ORDER BY 2, 4
"""  # noqa: S608  # texts of our own


# Alerts that fire are what the console's first page shows: slices of new alerts leave 380,000.
_FORGET = (
    "DELETE FROM open_episode WHERE fingerprint NOT LIKE 'size-%'",
    "DELETE FROM alert WHERE fingerprint NOT LIKE 'size-%'",
    "DELETE FROM delivery",
    "VACUUM ANALYZE",
)


def forget_deliveries(postgres: Postgres) -> None:
    """Remove what earlier slices have delivered."""
    for statement in _FORGET:
        postgres.execute(statement)


def fill(postgres: Postgres, size: Size, now: datetime) -> None:
    """Fill a migrated database that holds no such alerts yet."""
    say(f"filling: {size.alerts:,} alerts, {size.episodes:,} episodes of {size.days} days")
    length = timedelta(days=size.days)
    postgres.execute(_ALERTS, arguments=(size.alerts, now, length))
    postgres.execute(_OPEN)
    for partition in _partitions(now - length, now):
        postgres.execute(
            f"CREATE TABLE IF NOT EXISTS {partition.name} PARTITION OF episode FOR VALUES"
            f" FROM ('{partition.start.isoformat()}') TO ('{partition.end.isoformat()}')"
        )
        begin, end = max(partition.start, now - length), min(partition.end, now)
        number = round(size.episodes * ((end - begin) / length))
        postgres.execute(_EPISODES, arguments=(size.alerts, begin, end - begin, number))
    postgres.execute("VACUUM ANALYZE")


def _partitions(begin: datetime, end: datetime) -> Iterator[Partition]:
    while begin < end:
        partition, *_ = EPISODES.wanted(begin)
        yield partition
        begin = partition.end
