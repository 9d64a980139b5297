"""Alerts per second: the service, the same again (A/A), PostgreSQL alone, and Alerta, in turns."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from benchmarks import pgbench
from benchmarks.alerta import server as alerta
from benchmarks.database import ALERTA, Postgres
from benchmarks.figures import percentile, tail_of
from benchmarks.goals import Row
from benchmarks.intake_rows import AGAIN, FLOOR, OTHER, OURS, Slice, rows
from benchmarks.load import Job, Result
from benchmarks.meter import Cpu, Meter
from benchmarks.payloads import ALERTS, CONNECTIONS, Mode, body_of, known_groups
from benchmarks.processes import Service, children_cpu_seconds, python, run
from benchmarks.progress import say
from benchmarks.rounds import take_turns
from benchmarks.service import INTAKE, Platform

ROUNDS = 7
SECONDS = 3
# A quiet machine needs 110 s for the rounds of a mode; both modes must fit into ten minutes.
MODE_SECONDS = 180
# Alerta takes about a second for a request, so a slice needs more time to hold enough of them.
ALERTA_SECONDS = 4

Loaded = TypeVar("Loaded")


class WorkNotDone(Exception):
    """A contender answered, but the database does not hold what it was sent."""


class Intake:
    """The contenders of one mode. A slice that did not store what it was sent raises."""

    def __init__(
        self,
        mode: Mode,
        *,
        postgres: Postgres,
        platform: Platform,
        other: Service,
        template: bytes,
        script: Path,
    ) -> None:
        self._mode = mode
        self._postgres = postgres
        self._platform = platform
        self._other = other
        self._template = template
        self._script = script

    def contenders(self) -> Mapping[str, Callable[[], Slice]]:
        return {
            OURS: self.ours,
            AGAIN: self.ours,
            FLOOR: self.floor,
            OTHER: self.alerta,
        }

    def prepare(self) -> None:
        """Empty the tables; in update mode every group is there before the first slice."""
        self._empty()
        if self._mode is Mode.UPDATE:
            for group in known_groups():
                self._platform.post(body_of(self._template, group))
            self._postgres.execute("VACUUM ANALYZE")
            self._load(self._other.port, alerta.PATH, None, ALERTA_SECONDS)
            self._postgres.execute("VACUUM ANALYZE", ALERTA)

    def ours(self) -> Slice:
        def load() -> tuple[Result, int]:
            result = self._load(self._platform.port, INTAKE, self._platform.token, SECONDS)
            return result, len(result.latencies_ms)

        result, cpu = self._checked(load, self._platform.api.cpu_seconds)
        return _slice(result, cpu)

    def floor(self) -> Slice:
        def load() -> tuple[pgbench.Measured, int]:
            measured = pgbench.measure(self._postgres, self._script, SECONDS)
            return measured, len(measured.latencies_ms)

        measured, cpu = self._checked(load, children_cpu_seconds)
        return Slice(measured.rate * ALERTS, cpu, tail=tail_of(measured.latencies_ms))

    def alerta(self) -> Slice:
        if self._mode is Mode.INSERT:
            self._postgres.execute("TRUNCATE alerts", ALERTA)
        before = self._postgres.value(_ALERTA_SEEN, ALERTA)
        result = self._load(self._other.port, alerta.PATH, None, ALERTA_SECONDS)
        _compare(
            self._postgres.value(_ALERTA_SEEN, ALERTA) - before, len(result.latencies_ms), OTHER
        )
        return _slice(result, Cpu(0, 0, 0))

    def _checked(
        self, load: Callable[[], tuple[Loaded, int]], client_cpu: Callable[[], float]
    ) -> tuple[Loaded, Cpu]:
        """Run a load that says how many requests it made, and check that all of it was stored."""
        if self._mode is Mode.INSERT:
            self._empty()
        before = self._postgres.value(_SEEN)
        meter = Meter(client_cpu, self._postgres.cpu_seconds)
        loaded, requests = load()
        cpu = meter.read(requests * ALERTS)
        _compare(self._postgres.value(_SEEN) - before, requests, self._mode.value)
        return loaded, cpu

    def _empty(self) -> None:
        self._postgres.execute("TRUNCATE alert, open_episode, episode, delivery")

    def _load(self, port: int, path: str, token: str | None, seconds: int) -> Result:
        job = Job(
            port=port,
            path=path,
            token=token,
            template=self._template.decode(),
            mode=self._mode,
            seconds=seconds,
        )
        output = run(python("benchmarks.load"), stdin=job.model_dump_json().encode())
        return Result.model_validate_json(output)


_SEEN = "SELECT coalesce(sum(times_seen), 0)::bigint FROM alert"
_ALERTA_SEEN = "SELECT coalesce(sum(duplicate_count + 1), 0)::bigint FROM alerts"


def _compare(stored: int, requests: int, who: str) -> None:
    if stored != requests * ALERTS:
        raise WorkNotDone(
            f"{who}: {requests} requests of {ALERTS} alerts were answered,"
            f" and the database counts {stored} alerts more than before"
        )


def _slice(result: Result, cpu: Cpu) -> Slice:
    latencies = result.latencies_ms
    return Slice(
        alerts_per_second=len(latencies) * ALERTS / result.seconds,
        cpu_us=cpu,
        tail=tail_of(latencies),
        p50_ms=percentile(latencies, 50),
        generator_cpu=result.cpu_seconds / result.seconds,
    )


def measure(intake: Intake, mode: Mode) -> list[Row]:
    """Take turns for one mode and return its rows."""
    say(f"intake, {mode}: {ROUNDS} rounds of {CONNECTIONS} connections, {ALERTS} alerts a request")
    intake.prepare()
    for slice_of in (intake.ours, intake.floor):
        slice_of()  # caches are warm for everybody, or for nobody
    return rows(take_turns(intake.contenders(), ROUNDS, _progress, seconds=MODE_SECONDS), mode)


def _progress(number: int, latest: Mapping[str, Slice]) -> None:
    rates = ", ".join(f"{name} {each.alerts_per_second:,.0f}" for name, each in latest.items())
    say(f"  round {number + 1}/{ROUNDS}, alerts/s: {rates}")
