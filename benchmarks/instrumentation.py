"""CPU of the service for one delivery, with all of its instrumentation and without any.

In process and against a real database; PostgreSQL's own CPU does not count. With: metrics of the
request, a log line, and traces, of which one in ten is sampled and exported. Without: no collector,
the log level `warning`, and the metrics' middleware taken out.

Runs as a process of its own (`python -m benchmarks.instrumentation`, settings in the environment,
the token on standard input).
"""

import asyncio
import logging
import os
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path

import structlog
from fastapi import FastAPI
from pydantic import TypeAdapter
from starlette.types import Message

from backend import settings
from backend.app import create_app
from backend.http import middleware
from backend.telemetry import export, logs
from backend.telemetry.metrics import HttpMetricsMiddleware
from benchmarks.database import Postgres
from benchmarks.figures import ratios, summarise
from benchmarks.goals import Goal, Row
from benchmarks.overhead import Names, Slices
from benchmarks.payloads import body_of, body_template, known_groups
from benchmarks.processes import environment, python, run, service
from benchmarks.progress import say
from benchmarks.rounds import turns
from benchmarks.service import INTAKE

# Slices are short and many, so that a busy machine is as busy for everybody.
SLICES = 80
# One of them sampled: the default of BACKEND_TRACE_SAMPLE_RATIO, but the same in each slice.
REQUESTS = 10
# A busy process exports hundreds of spans at once; a batch costs more than what is in it.
SLICES_EXPORTED_AT_ONCE = 20
GOAL = Goal(must=1.12, aim=1.08, at_most=True)

NAMES = Names(ours="with", floor="without", again="without again")
_SLICES = TypeAdapter(Slices)


def measure(postgres: Postgres, directory: Path, token: str) -> Row:
    say(f"CPU of a delivery with and without instrumentation, in process: {SLICES} slices")
    with service(python("benchmarks.sink"), directory / "sink.log", environment()) as sink:
        values = postgres.settings(
            BACKEND_OTLP_ENDPOINT=f"http://127.0.0.1:{sink.port}", BACKEND_TRACE_SAMPLE_RATIO="0"
        )
        command, env = python("benchmarks.instrumentation"), environment(**values)
        slices = _SLICES.validate_json(run(command, env=env, stdin=token.encode()))
    return row(slices)


def row(slices: Slices) -> Row:
    medians = {name: statistics.median(each) for name, each in slices.items()}
    same = summarise(ratios(slices[NAMES.floor], slices[NAMES.again])).median
    return Row(
        name="CPU of a delivery: instrumented / not",
        unit="x",
        goal=GOAL,
        # Neighbours in time are compared, and half of them is enough to tell.
        measured=summarise(ratios(slices[NAMES.ours], slices[NAMES.floor])),
        noise=max(same, 1 / same),
        remark="median of " + ", ".join(f"{name} {each:.0f} us" for name, each in medians.items()),
    )


def _bare(given: settings.Settings) -> FastAPI:
    app = create_app(given.model_copy(update={"otlp_endpoint": None}))
    instruments: set[object] = {HttpMetricsMiddleware}
    app.user_middleware = [each for each in app.user_middleware if each.cls not in instruments]
    return app


class Sender:
    """Delivers to an application in this process, sometimes as part of a sampled trace."""

    def __init__(self, app: FastAPI, token: str, bodies: Iterator[bytes], level: int) -> None:
        self._app = app
        self._log = structlog.wrap_logger(
            None, wrapper_class=structlog.make_filtering_bound_logger(level)
        )
        self._bodies = bodies
        self._headers = [
            (b"host", b"127.0.0.1:8000"),
            (b"authorization", f"Bearer {token}".encode()),
            (b"content-type", b"application/json"),
        ]

    async def slice(self) -> float:
        """Return the microseconds of CPU a delivery."""
        middleware.log = self._log  # a process has one level; these applications have one each
        started = time.process_time_ns()
        for number in range(REQUESTS):
            await self.deliver(sampled=number == 0)
        return (time.process_time_ns() - started) / REQUESTS / 1000

    async def deliver(self, *, sampled: bool) -> None:
        body = next(self._bodies)
        headers = [*self._headers, (b"content-length", str(len(body)).encode())]
        if sampled:
            parent = f"00-{os.urandom(16).hex()}-{os.urandom(8).hex()}-01"
            headers.append((b"traceparent", parent.encode()))
        status = 0

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)

        await self._app(_scope(self._app, headers), receive, send)
        if status != 200:  # noqa: PLR2004  # OK
            raise RuntimeError(f"a delivery was answered {status}")


def _scope(app: FastAPI, headers: list[tuple[bytes, bytes]]) -> dict[str, object]:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": INTAKE,
        "raw_path": INTAKE.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8000),
        "app": app,
        "state": {},
    }


async def _measure(token: str) -> Slices:
    given = settings.load()
    template = body_template(datetime.now(UTC))
    bodies = cycle([body_of(template, group) for group in known_groups()])
    export.DELAY_SECONDS = 3600.0  # exported when it is measured, not while others are
    apps = {
        NAMES.ours: create_app(given),
        NAMES.floor: _bare(given),
        NAMES.again: _bare(given),
    }
    levels = {NAMES.ours: logging.INFO}
    senders = {
        name: Sender(app, token, bodies, levels.get(name, logging.WARNING))
        for name, app in apps.items()
    }
    for sender in senders.values():
        for _ in known_groups():
            await sender.deliver(sampled=False)
    measured: Slices = {name: [] for name in apps}
    async with apps[NAMES.ours].router.lifespan_context(apps[NAMES.ours]):
        for number in range(SLICES):
            for name in turns(list(apps), number):
                measured[name].append(await senders[name].slice())
            if number % SLICES_EXPORTED_AT_ONCE == SLICES_EXPORTED_AT_ONCE - 1:
                exporting = _export(apps[NAMES.ours])
                for past in range(number + 1 - SLICES_EXPORTED_AT_ONCE, number + 1):
                    measured[NAMES.ours][past] += exporting
    return measured


def _export(app: FastAPI) -> float:
    """Export what has been sampled; return the microseconds of CPU for each delivery."""
    started = time.process_time_ns()
    app.state.traces.flush()
    return (time.process_time_ns() - started) / (SLICES_EXPORTED_AT_ONCE * REQUESTS) / 1000


def main() -> int:
    token = sys.stdin.read()
    with Path(os.devnull).open("wb") as forgotten:
        logs.configure(level="info", tracing=True, stream=forgotten)
        slices = asyncio.run(_measure(token))
    sys.stdout.buffer.write(_SLICES.dump_json(slices))
    return 0


if __name__ == "__main__":
    sys.exit(main())
