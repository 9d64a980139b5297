"""Requests as bytes on a real socket of a real process: what HTTP allows, and what it does not."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from backend.settings import Settings
from tests.support.alertmanager import make_alert, make_message
from tests.support.intake import Intake
from tests.support.process import API, Process, running
from tests.support.settings import environment_of

BODY = json.dumps(make_message(make_alert("f"))).encode()
POST = b"POST /api/v1/webhooks/alertmanager HTTP/1.1\r\nHost: a\r\n"
CHUNKS = b"".join(
    b"%x\r\n%b\r\n" % (len(BODY[at : at + 7]), BODY[at : at + 7]) for at in range(0, len(BODY), 7)
)


@pytest.fixture
def process(settings: Settings) -> Iterator[Process]:
    with running(API, environment_of(settings)) as process:
        yield process


@dataclass
class Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    token: str

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request; return the status and the body of the next answer, if it has one."""
        authorization = b"Authorization: Bearer %b\r\n" % self.token.encode()
        self.writer.write(request.replace(b"TOKEN\r\n", authorization))
        async with asyncio.timeout(30):
            head = await self.reader.readuntil(b"\r\n\r\n")
            status = int(head.split(b" ")[1])
            length = head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]
            return status, await self.reader.readexactly(int(length or b"0"))


@pytest_asyncio.fixture
async def connection(process: Process, admin_token: str) -> AsyncIterator[Connection]:
    port = int((await asyncio.to_thread(process.base_url)).rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    yield Connection(reader, writer, admin_token)
    writer.close()


async def test_deliveries_may_come_in_pieces_wait_for_a_sign_and_share_a_connection(
    connection: Connection, intake: Intake
) -> None:
    chunked = POST + b"TOKEN\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS + b"0\r\n\r\n"
    careful = POST + b"TOKEN\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY)
    plain = POST + b"TOKEN\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY

    statuses = [(await connection.ask(request))[0] for request in (chunked, careful, BODY, plain)]

    assert statuses == [200, 100, 200, 200]
    assert [row.times_seen for row in await intake.rows("alert")] == [3]


LENGTH = b"Content-Length: %d\r\n" % len(BODY)
ODD = {
    "no sign for a stranger": (POST + b"Expect: 100-continue\r\n" + LENGTH + b"\r\n", 401),
    "a token in the address": (POST.replace(b" HTTP", b"?token=x HTTP") + b"\r\n", 401),
    "a token in another header": (POST + b"X-API-Key: x\r\n\r\n", 401),
    "two lengths": (POST + b"TOKEN\r\n" + LENGTH + b"Content-Length: 3\r\n\r\n", 400),
    "a length and chunks": (
        POST + b"TOKEN\r\n" + LENGTH + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS,
        400,
    ),
    "a negative length": (POST + b"TOKEN\r\nContent-Length: -1\r\n\r\n", 400),
    "another transfer encoding": (POST + b"TOKEN\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
    "no host in an address": (b"GET http:// HTTP/1.1\r\n\r\n", 400),
    "an address of no path": (b"GET http://a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a server as a whole": (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 404),
    "a tunnel": (b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "HTTP/2 at once": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "an address that is not ASCII": (b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "another method": (POST.replace(b"POST", b"OPTIONS") + b"\r\n", 405),
    "HTTP/1.0": (POST.replace(b"1.1", b"1.0") + b"TOKEN\r\n" + LENGTH + b"\r\n" + BODY, 200),
    "metrics": (b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", 200),
    # The load balancer refuses the address as it is written, and nothing that only means it.
    "metrics, escaped": (b"GET /%6detrics HTTP/1.1\r\nHost: a\r\n\r\n", 404),
    "metrics, doubled": (b"GET //metrics HTTP/1.1\r\nHost: a\r\n\r\n", 404),
    "metrics, by a way around": (b"GET /x/../metrics HTTP/1.1\r\nHost: a\r\n\r\n", 404),
}


async def test_odd_requests_get_a_clear_answer(process: Process, admin_token: str) -> None:
    port = int((await asyncio.to_thread(process.base_url)).rpartition(":")[2])
    found = {}
    for name, (request, _) in ODD.items():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        status, body = await Connection(reader, writer, admin_token).ask(request)
        writer.close()
        found[name] = status
        if status >= 400 and body:
            assert json.loads(body)["detail"].endswith("."), name

    assert found == {name: status for name, (_, status) in ODD.items()}
    assert "Traceback" not in process.text()
