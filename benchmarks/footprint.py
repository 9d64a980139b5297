"""What a process costs before it does anything: start-up and memory."""

import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.database import Postgres
from benchmarks.figures import Summary, noise, ratios, summarise
from benchmarks.goals import Goal, Row
from benchmarks.processes import Service, environment, python, service
from benchmarks.progress import say
from benchmarks.rounds import take_turns
from benchmarks.service import API, WORKER

ROUNDS = 7
SECONDS = 60
# After this long an idle process has allocated what it needs to be idle.
_SETTLE_SECONDS = 2
_MEGABYTE = 1_000_000

START_UP = Goal(must=1.7, aim=1.3, at_most=True)
MEMORY = Goal(must=110, aim=90, at_most=True)

HELLO = python("uvicorn", "benchmarks.hello:app", "--host=127.0.0.1", "--port=0")
OURS, FLOOR, AGAIN = "platform", "hello", "hello again"


@dataclass(frozen=True)
class Start:
    """From the start of the process to its first answer."""

    cpu_seconds: float
    wall_seconds: float


def measure(postgres: Postgres, directory: Path) -> list[Row]:
    return [*_start_up(postgres, directory), *_memory(postgres, directory)]


def _start_up(postgres: Postgres, directory: Path) -> list[Row]:
    say(f"start-up: {ROUNDS} rounds")
    log = directory / "start.log"
    settings = postgres.settings()
    contenders: Mapping[str, Callable[[], Start]] = {
        OURS: partial(_start, API, log, settings),
        FLOOR: partial(_start, HELLO, log, {}),
        AGAIN: partial(_start, HELLO, log, {}),
    }
    for start in contenders.values():
        start()  # writes byte code and fills the page cache
    starts = take_turns(contenders, ROUNDS, _progress, seconds=SECONDS)
    cpu = {name: [start.cpu_seconds for start in each] for name, each in starts.items()}
    wall = {name: [start.wall_seconds for start in each] for name, each in starts.items()}
    walls = {name: f"{min(each) * 1000:.0f}" for name, each in wall.items()}
    return [
        Row(
            name="start-up CPU: platform / hello with the same libraries",
            unit="x",
            goal=START_UP,
            measured=_minimum_and_rounds(cpu[OURS], cpu[FLOOR]),
            noise=noise([min(cpu[FLOOR]) / min(cpu[AGAIN])]),
            remark=f"CPU {min(cpu[OURS]) * 1000:.0f} / {min(cpu[FLOOR]) * 1000:.0f} ms, "
            f"time {walls[OURS]} / {walls[FLOOR]} ms (minima)",
        ),
        Row(
            name="start-up time: platform / hello with the same libraries",
            unit="x",
            goal=START_UP,
            measured=summarise(ratios(wall[OURS], wall[FLOOR])),
            noise=noise(ratios(wall[FLOOR], wall[AGAIN])),
        ),
    ]


def _minimum_and_rounds(ours: list[float], floor: list[float]) -> Summary:
    """Noise only ever adds CPU, so the minima are the figure; the rounds show the spread."""
    rounds = summarise(ratios(ours, floor))
    return Summary(min(ours) / min(floor), rounds.lowest, rounds.highest)


def _start(command: list[str], log: Path, settings: Mapping[str, str]) -> Start:
    started = time.perf_counter()
    with service(command, log, environment(**settings)) as running:
        _ask(running)
        return Start(running.cpu_seconds(), time.perf_counter() - started)


def _ask(running: Service, path: str = "/health") -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{running.port}{path}") as answer:
        answer.read()


def _progress(number: int, latest: Mapping[str, Start]) -> None:
    times = ", ".join(f"{name} {each.cpu_seconds * 1000:.0f}" for name, each in latest.items())
    say(f"  round {number + 1}/{ROUNDS}, CPU ms: {times}")


def _memory(postgres: Postgres, directory: Path) -> list[Row]:
    say("memory of an idle process")
    worker = postgres.settings(BACKEND_WORKER_HOST="127.0.0.1", BACKEND_WORKER_PORT="0")
    # The API is asked whether it is ready, so its connection to the database is part of the figure.
    return [
        _resident("API", API, "/ready", directory, postgres.settings()),
        _resident("worker", WORKER, "/health", directory, worker),
    ]


def _resident(
    name: str, command: list[str], path: str, directory: Path, settings: Mapping[str, str]
) -> Row:
    with service(command, directory / f"{name}-idle.log", environment(**settings)) as running:
        _ask(running, path)
        time.sleep(_SETTLE_SECONDS)
        megabytes = running.resident_bytes() / _MEGABYTE
    return Row(
        name=f"memory, {name} idle",
        unit=" MB",
        goal=MEMORY,
        measured=summarise([megabytes]),
    )
