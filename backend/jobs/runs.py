"""Running one job: its time limit, its outcome in log and metrics, and who is running now."""

import asyncio
from dataclasses import dataclass, field
from time import monotonic

import structlog
from prometheus_client import Counter, Gauge, Histogram

from backend.jobs.periodic import JobContext, PeriodicJob
from backend.telemetry import tracing

log = structlog.get_logger()

CANCELLED = "cancelled"
FAILURES = frozenset({"failed", "timed_out"})

# The label is not called "job", because Prometheus uses that name and would rename ours.
RUNS = Counter("backend_job_runs_total", "Runs of periodic jobs.", ["task", "outcome"])
DURATION = Histogram(
    "backend_job_duration_seconds",
    "Duration of a run.",
    ["task"],
    buckets=(0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 1800),
)
LAST_SUCCESS = Gauge(
    "backend_job_last_success_timestamp_seconds", "When a run last succeeded.", ["task"]
)


@dataclass
class Runs:
    """Runs jobs and knows for how long each that is running has left."""

    context: JobContext
    _deadlines: dict[str, float] = field(default_factory=dict, init=False)

    async def run(self, job: PeriodicJob) -> None:
        """Run the job once, as a trace of its own. Only cancellation leaves as an exception."""
        traces = self.context.traces
        if traces is None or not job.traced:
            await self._run(job)
            return
        trail = traces.begin()
        outcome = CANCELLED
        try:
            with tracing.leaving(trail):
                outcome = await self._run(job)
        finally:
            failed = outcome in FAILURES
            if trail.is_kept(failed=failed):
                attributes = {"backend.job.outcome": outcome}
                traces.export(trail, f"job {job.name}", attributes, failed=failed)

    async def _run(self, job: PeriodicJob) -> str:
        started = monotonic()
        self._deadlines[job.name] = started + job.limit_seconds
        outcome = CANCELLED
        try:
            async with asyncio.timeout(job.limit_seconds):
                await job.run(self.context)
            outcome = "succeeded"
            LAST_SUCCESS.labels(job.name).set_to_current_time()
        except TimeoutError:
            outcome = "timed_out"
            log.exception("job_timed_out", job=job.name, limit_seconds=job.limit_seconds)
        except Exception as error:  # a job may fail with anything
            outcome = "failed"
            log.exception("job_failed", job=job.name)
            tracing.unexpected(error)
        finally:
            del self._deadlines[job.name]
            self._record(job, outcome, monotonic() - started)
        return outcome

    def overdue(self, grace_seconds: float) -> str | None:
        """Return the name of a job that still runs after its limit and its cancellation."""
        now = monotonic()
        late = (
            name for name, deadline in self._deadlines.items() if now - deadline > grace_seconds
        )
        return next(late, None)

    def _record(self, job: PeriodicJob, outcome: str, seconds: float) -> None:
        RUNS.labels(job.name, outcome).inc()
        exemplar = tracing.exemplar(failed=outcome in FAILURES)
        DURATION.labels(job.name).observe(seconds, exemplar)
        log.info("job_ended", job=job.name, outcome=outcome, duration_ms=round(seconds * 1000))
