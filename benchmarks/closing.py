"""An alert storm that ends: how long closing takes against opening, while statistics are old."""

import json
import time
from datetime import UTC, datetime

from benchmarks.database import Postgres
from benchmarks.figures import ratios, summarise
from benchmarks.goals import Goal, Row
from benchmarks.intake import WorkNotDone
from benchmarks.payloads import ALERTS, PLACEHOLDER, fresh_group
from benchmarks.progress import say
from benchmarks.service import Platform

STORM = 30_000
ROUNDS = 3
GOAL = Goal(must=1.5, aim=1.0, at_most=True)
_TABLES = ("alert", "open_episode")


def measure(postgres: Postgres, platform: Platform, template: bytes) -> Row:
    """Open and close as many alerts with one delivery each, in an empty database."""
    say(f"closing: {ROUNDS} storms of {STORM:,} alerts")
    opened, closed = [], []
    for _ in range(ROUNDS):
        _forget(postgres)
        group = fresh_group()
        opened.append(_seconds(platform, storm(template, group)))
        closed.append(_seconds(platform, storm(template, group, ends_at=datetime.now(UTC))))
        say(f"  opened in {opened[-1]:.1f} s, closed in {closed[-1]:.1f} s")
    if left := postgres.value("SELECT count(*) FROM open_episode"):
        raise WorkNotDone(f"closing: {left} episodes are still open")
    for table in _TABLES:
        postgres.execute(f"ALTER TABLE {table} RESET (autovacuum_enabled)")
    return Row(
        name=f"closing {STORM:,} alerts / opening them, with old statistics",
        unit="x",
        goal=GOAL,
        measured=summarise(ratios(closed, opened)),
        remark=f"{summarise(opened).median:.1f} s to open them",
    )


def storm(template: bytes, first_group: int, *, ends_at: datetime | None = None) -> bytes:
    """Make one body of the groups from this one on; with `ends_at` it says that they are over."""
    message = json.loads(template)
    alerts = message.pop("alerts")
    if ends_at:
        alerts = [alert | {"status": "resolved", "endsAt": ends_at.isoformat()} for alert in alerts]
    text = json.dumps(alerts)[1:-1]
    groups = range(first_group, first_group + STORM // ALERTS)
    every = ",".join(text.replace(PLACEHOLDER, str(group)) for group in groups)
    return f'{json.dumps(message)[:-1]}, "alerts": [{every}]}}'.encode()


def _forget(postgres: Postgres) -> None:
    """Empty the tables, and let the planner believe that they stay so."""
    postgres.execute("TRUNCATE alert, open_episode, episode, delivery")
    for table in _TABLES:
        postgres.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
        postgres.execute(f"ANALYZE {table}")


def _seconds(platform: Platform, body: bytes) -> float:
    began = time.monotonic()
    platform.post(body)
    return time.monotonic() - began
