"""Everything that a hostile client can send, at once, to a real process: what it costs in memory.

Meanwhile an honest client delivers, and every delivery is stored. The largest legal bodies:
test_memory.py.
"""

import asyncio
import gzip
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from backend.settings import Settings
from tests.support.alertmanager import make_group, make_message
from tests.support.intake import Intake
from tests.support.process import API, Process, peak_bytes, running
from tests.support.settings import environment_of

MIB = 1024 * 1024
# Measured: 88 MiB idle, about 200 here. The chart's limit is 512.
LIMIT = 350 * MIB
POST = b"POST /api/v1/webhooks/alertmanager HTTP/1.1\r\nhost: a\r\n"
CHUNKED = POST + b"transfer-encoding: chunked\r\n\r\n"
DELIVERIES, ALERTS = 12, 100


@pytest.fixture
def process(settings: Settings) -> Iterator[Process]:
    with running(API, environment_of(settings.model_copy(update={"log_level": "info"}))) as process:
        yield process


@dataclass
class Client:
    port: int
    token: str
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def send(self, *parts: bytes) -> asyncio.StreamReader | None:
        """Send as much as the server takes within a moment; leave the connection open."""
        with suppress(OSError, TimeoutError):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            self.writers.append(writer)
            async with asyncio.timeout(3):
                for part in parts:
                    writer.write(part)
                    await writer.drain()
            return reader
        return None

    async def many(self, times: int, *parts: bytes) -> None:
        await asyncio.gather(*(self.send(*parts) for _ in range(times)))

    def post(self, body: bytes, *, length: int | None = None, more: str = "") -> bytes:
        head = f"Authorization: Bearer {self.token}\r\n{more}"
        size = len(body) if length is None else length
        return POST + f"{head}Content-Length: {size}\r\n\r\n".encode() + body

    async def deliver(self, body: bytes, *, more: str = "") -> bytes:
        """Return the status of the answer; repeat as Alertmanager does.

        Of the hundreds that connect at the same moment this may be the one that goes, and on a slow
        machine it may not be its turn in time.
        """
        status = b""
        while status in {b"", b"503"}:
            status = await self._answer(self.post(body, more=more))
        return status

    async def _answer(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        try:
            return (await reader.readline())[9:12]
        except OSError:
            return b""
        finally:
            writer.close()


def alert_of(**members: bytes) -> bytes:
    usual = {"status": b'"firing"', "labels": b"{}", "fingerprint": b'"x"'} | members
    inner = b",".join(b'"%b":%b' % (name.encode(), value) for name, value in usual.items())
    return b'{"alerts":[{%b}]}' % inner


def bodies() -> list[tuple[bytes, str, bytes]]:
    """Return bodies that only a token may send, how they are encoded, and the answers."""
    wide = b"{%b}" % b",".join(b'"%x":""' % number for number in range(150_000))
    deep = b"[" * MIB + b"]" * MIB
    zipped = "Content-Encoding: gzip\r\n"
    return [
        (alert_of(annotations=deep), "", b"200"),
        (alert_of(annotations=wide), "", b"200"),
        (alert_of(labels=wide), "", b"200"),
        (alert_of(annotations=b'{"a":"%b"}' % (b"x" * 16 * MIB)), "", b"200"),
        (alert_of(labels=b'{"a":"\xf0\x9f\x94\xa5%b"}' % (b"x" * 16 * MIB)), "", b"200"),
        (gzip.compress(b" " * 60_000_000), zipped, b"413"),
        (gzip.compress(b"") * 20_000, zipped, b"400"),
    ]


async def attack(client: Client) -> None:
    """Without a token, and then with one."""
    silent, header = client.many(300, b""), b"a: " + b"b" * 60_000 + b"\r\n"
    await asyncio.gather(
        silent,
        client.many(8, *[b"GET /x HTTP/1.1\r\n\r\n" * 14_000] * 10),
        client.many(8, CHUNKED + b"0\r\nx: ", *[b"a" * 250_000] * 20),
        client.many(8, CHUNKED + b"5;", *[b"a" * 250_000] * 20),
        client.many(8, b"GET / HTTP/1.1\r\nx: ", *[b"a" * 250_000] * 20),
        client.many(200, b"GET /x HTTP/1.1\r\nhost: a\r\n" + header + b"\r\n"),
        client.many(200, b"GET /x HTTP/1.1\r\nhost: a\r\n" + header),
        client.many(300, POST + b"content-length: 30000000\r\n\r\n" + b"x" * 200_000),
        client.many(12, client.post(b"x" * 1000, length=MIB)),
        client.many(100, client.post(b"x", length=1000)),
    )


@pytest.mark.timeout(300)
async def test_what_a_hostile_client_sends_fits_the_memory_and_stops_nobody(
    process: Process, admin_token: str, intake: Intake
) -> None:
    port = int((await asyncio.to_thread(process.base_url)).rpartition(":")[2])
    hostile, honest = Client(port, admin_token), Client(port, admin_token)
    group = make_group(DELIVERIES * ALERTS)

    async def deliver() -> list[bytes]:
        answers = []
        for number in range(DELIVERIES):
            alerts = group[number * ALERTS : (number + 1) * ALERTS]
            body = json.dumps(make_message(*alerts)).encode()
            answers.append(await honest.deliver(body))
        return answers

    answers, _ = await asyncio.gather(deliver(), attack(hostile))
    async with asyncio.TaskGroup() as tasks:
        again = tasks.create_task(deliver())
        odd = [tasks.create_task(hostile.deliver(body, more=more)) for body, more, _ in bodies()]
    for writer in hostile.writers:
        writer.close()

    peak = peak_bytes(process)
    print(f"peak {peak / MIB:.0f} MiB")  # noqa: T201  # worth seeing
    assert set(answers + again.result()) == {b"200"}
    assert [status.result() for status in odd] == [status for *_, status in bodies()]
    stored = await intake.rows("alert", "fingerprint <> 'x'")
    assert [row.times_seen for row in stored] == [2] * len(group)
    assert "Traceback" not in process.text()
    assert peak < LIMIT
