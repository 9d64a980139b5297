"""A periodic job as its domain declares it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from backend.db.engine import Database
from backend.settings import Settings
from backend.telemetry.tracing import Traces


@dataclass(frozen=True)
class JobContext:
    """What a job works with. It opens its own sessions: see backend.db.session.committed."""

    database: Database
    settings: Settings
    traces: Traces | None = None


Run: TypeAlias = Callable[[JobContext], Awaitable[None]]


@dataclass(frozen=True)
class PeriodicJob:
    """A job that runs at the times of a cron expression (UTC; a sixth field means seconds).

    However many workers there are, one of them runs it. It may run twice (a worker that dies gives
    its job to another one) and a run may be skipped (no worker, no database), so a job does what is
    due by the state that it finds, not by the time at which it was called. A run that takes longer
    than its limit is cancelled; one that fails is logged, counted and due again at its next time.
    """

    name: str
    cron: str
    run: Run
    limit_seconds: float
    traced: bool = True
