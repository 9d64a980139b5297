"""The load generator: a process of its own that keeps a number of connections busy.

It reads a job from standard input (the token never stands in a command line) and writes a result
to standard output. One request at a time on each connection, the next one as soon as the answer to
the last has come; what is under way when the time is over is waited for and counts.

Run as `python -m benchmarks.load`.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from pydantic import BaseModel

from benchmarks.payloads import CONNECTIONS, Mode, body_of, groups

ANSWER_SECONDS = 60


class Job(BaseModel):
    """What to send where. `template` is a body with the placeholder of payloads.py in it."""

    port: int
    path: str
    token: str | None
    template: str
    mode: Mode
    seconds: float


class Result(BaseModel):
    """What was answered, all of it with 2xx. `cpu_seconds` is what the generator itself used."""

    seconds: float
    latencies_ms: list[float]
    cpu_seconds: float


class RefusedRequest(Exception):
    """An answer that was not 2xx: there is nothing to measure."""


async def run(job: Job) -> Result:
    started = time.perf_counter()
    cpu = time.process_time()
    until = started + job.seconds
    latencies = await asyncio.gather(
        *(_keep_busy(job, groups(job.mode, number), until) for number in range(CONNECTIONS))
    )
    return Result(
        seconds=time.perf_counter() - started,
        latencies_ms=[latency for each in latencies for latency in each],
        cpu_seconds=time.process_time() - cpu,
    )


async def _keep_busy(job: Job, numbers: Iterator[int], until: float) -> list[float]:
    template = job.template.encode()
    latencies: list[float] = []
    connection: Connection | None = None
    while time.perf_counter() < until:
        body = body_of(template, next(numbers))
        sent = time.perf_counter()
        # A server that closes after every answer (gunicorn's workers do) is connected to again.
        connection = connection or await Connection.open(job)
        async with asyncio.timeout(ANSWER_SECONDS):
            stays_open = await connection.post(body)
        latencies.append((time.perf_counter() - sent) * 1000)
        if not stays_open:
            connection.close()
            connection = None
    if connection is not None:
        connection.close()
    return latencies


class Connection:
    """One connection of HTTP/1.1, just enough of it for answers that state their length."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._head = head

    @classmethod
    async def open(cls, job: Job) -> "Connection":
        reader, writer = await asyncio.open_connection("127.0.0.1", job.port)
        authorization = f"Authorization: Bearer {job.token}\r\n" if job.token else ""
        head = (
            f"POST {job.path} HTTP/1.1\r\nHost: 127.0.0.1:{job.port}\r\n{authorization}"
            "Content-Type: application/json\r\nContent-Length: "
        )
        return cls(reader, writer, head.encode())

    async def post(self, body: bytes) -> bool:
        """Send a body, take the answer, and say whether the server keeps the connection."""
        self._writer.write(b"%b%d\r\n\r\n%b" % (self._head, len(body), body))
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = int(_header(head, b"content-length") or b"0")
        answer = await self._reader.readexactly(length)
        if not head.startswith(b"http/1.1 2"):
            status = head.partition(b"\r\n")[0].decode()
            raise RefusedRequest(f"{status}: {answer[:500].decode(errors='replace')}")
        return _header(head, b"connection") != b"close"

    def close(self) -> None:
        self._writer.close()


def _header(head: bytes, name: bytes) -> bytes | None:
    _, found, rest = head.partition(b"\r\n%b: " % name)
    return rest.partition(b"\r\n")[0] if found else None


@asynccontextmanager
async def connected(job: Job) -> AsyncIterator[Connection]:
    """Give one connection, for requests that are sent one after the other."""
    connection = await Connection.open(job)
    try:
        yield connection
    finally:
        connection.close()


def main() -> int:
    job = Job.model_validate_json(sys.stdin.buffer.read())
    try:
        result = asyncio.run(run(job))
    except RefusedRequest as refused:
        sys.exit(str(refused))
    sys.stdout.write(result.model_dump_json())
    return 0


if __name__ == "__main__":
    sys.exit(main())
