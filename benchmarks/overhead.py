"""CPU of our layers for one small request: no socket and no database, the minimum of many slices.

Runs as a process of its own (`python -m benchmarks.overhead`), because the garbage collector's
settings, logging and the metrics registry belong to a process. Logs go to a file that forgets them.
"""

import asyncio
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from pydantic import BaseModel, TypeAdapter
from starlette.types import Message

from backend.app import create_app
from backend.settings import Settings
from backend.telemetry import logs
from benchmarks.figures import Summary, ratios
from benchmarks.goals import Goal, Row
from benchmarks.processes import environment, python, run
from benchmarks.progress import say
from benchmarks.rounds import turns

SLICES = 25
REQUESTS = 500
PATH = "/measured"
GOAL = Goal(must=3.5, aim=2.5, at_most=True)


# Microseconds of CPU a request, for each slice.
Slices = dict[str, list[float]]
_SLICES = TypeAdapter(Slices)


@dataclass(frozen=True)
class Names:
    """Who is compared with what, and what is measured twice to see the noise."""

    ours: str
    floor: str
    again: str


NAMES = Names(ours="platform", floor="bare FastAPI", again="bare FastAPI again")


class Status(BaseModel):
    status: str = "ok"


def measure() -> Row:
    say(f"CPU of a small request, in process: {SLICES} slices")
    slices = _SLICES.validate_json(run(python("benchmarks.overhead"), env=environment()))
    return row(slices, NAMES, name="CPU of a small request: platform / bare FastAPI", goal=GOAL)


def row(slices: Slices, names: Names, *, name: str, goal: Goal) -> Row:
    lowest = {name: min(each) for name, each in slices.items()}
    by_slice = ratios(slices[names.ours], slices[names.floor])
    same = lowest[names.floor] / lowest[names.again]
    return Row(
        name=name,
        unit="x",
        goal=goal,
        # Noise only ever adds, so the minima are the figure; the slices show the spread.
        measured=Summary(lowest[names.ours] / lowest[names.floor], min(by_slice), max(by_slice)),
        noise=max(same, 1 / same),
        remark=", ".join(f"{name} {each:.0f} us" for name, each in lowest.items()),
    )


def _with_small_endpoint(app: FastAPI) -> FastAPI:
    @app.get(PATH)
    async def measured() -> Status:
        return Status()

    return app


def _ours() -> FastAPI:
    # Nothing connects: the endpoint asks for no session. The token's look-up is part of intake.
    settings = Settings(
        database_host="127.0.0.1",
        database_name="nothing",
        database_user="nobody",
        database_sslmode="disable",
    )
    return _with_small_endpoint(create_app(settings))


async def _receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(_message: Message) -> None:
    return


def _scope(app: FastAPI) -> dict[str, object]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": PATH,
        "raw_path": PATH.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [
            (b"host", b"127.0.0.1:8000"),
            (b"user-agent", b"Alertmanager/0.28"),
            (b"accept", b"application/json"),
        ],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8000),
        "app": app,
        "state": {},
    }


async def _slice(app: FastAPI, requests: int = REQUESTS) -> float:
    started = time.process_time_ns()
    for _ in range(requests):
        await app(_scope(app), _receive, _send)
    return (time.process_time_ns() - started) / requests / 1000


async def slices_of(apps: dict[str, FastAPI], slices: int, requests: int) -> Slices:
    """Take turns in one process and return each slice's CPU a request, in microseconds."""
    measured: Slices = {name: [] for name in apps}
    for number in range(slices):
        for name in turns(list(apps), number):
            measured[name].append(await _slice(apps[name], requests))
    return measured


async def _measure() -> Slices:
    ours = _ours()
    apps = {
        NAMES.ours: ours,
        NAMES.floor: _with_small_endpoint(FastAPI()),
        NAMES.again: _with_small_endpoint(FastAPI()),
    }
    async with ours.router.lifespan_context(ours):
        return await slices_of(apps, SLICES, REQUESTS)


def main() -> int:
    with Path(os.devnull).open("wb") as forgotten:
        logs.configure(level="info", tracing=False, stream=forgotten)
        slices = asyncio.run(_measure())
    sys.stdout.buffer.write(_SLICES.dump_json(slices))
    return 0


if __name__ == "__main__":
    sys.exit(main())
