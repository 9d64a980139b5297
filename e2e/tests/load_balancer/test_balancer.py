"""The load balancer stand-in against real sockets: it answers what an ALB would."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from e2e.load_balancer.balancer import Balancer
from e2e.load_balancer.http1 import Connection, Request, Response
from e2e.load_balancer.pool import Limits
from e2e.load_balancer.target_group import HealthCheck, TargetGroup
from e2e.load_balancer.targets import Address, State
from e2e.tests.load_balancer.servers import HOST, WellBehaved, listening, states, until

pytestmark = pytest.mark.asyncio

CHECK = HealthCheck(
    path="/ready", interval=0.05, timeout=0.5, healthy_threshold=2, unhealthy_threshold=2
)


@pytest_asyncio.fixture
async def balancer() -> AsyncIterator[Balancer]:
    group = TargetGroup(health_check=CHECK, deregistration_delay=0.3)
    made = Balancer(group, limits=Limits(connect=0.5, idle=0.5))
    yield made
    await made.stop()


async def get(balancer: Balancer, path: str = "/", **options: bytes) -> Response:
    return await balancer.answer(Request("GET", path, ((b"host", b"x"),), **options), "192.0.2.7")


async def registered(balancer: Balancer, address: Address, *, state: State = State.HEALTHY) -> None:
    balancer.register(address)
    await until(lambda: state in states(balancer))


async def test_a_request_reaches_the_target_with_what_an_alb_adds(balancer: Balancer) -> None:
    pod = WellBehaved()
    async with listening(pod.serve) as address:
        await registered(balancer, address)
        response = await get(balancer, "/api?x=1", body=b"payload")
    assert (response.status, response.body) == (200, b"pod")
    (seen,) = pod.seen
    assert (seen.target, seen.body) == ("/api?x=1", b"payload")
    headers = dict(seen.headers)
    assert headers[b"x-forwarded-for"] == b"192.0.2.7"
    assert headers[b"x-forwarded-proto"] == b"http"
    assert headers[b"host"] == b"x"


async def test_connections_to_a_target_are_reused(balancer: Balancer) -> None:
    pod = WellBehaved()
    async with listening(pod.serve) as address:
        await registered(balancer, address)
        await until(lambda: pod.connections > 0)
        balancer.deregister(address)  # ends the health checks, which use connections of their own
        await until(lambda: not states(balancer))
        balancer.group = TargetGroup(health_check=HealthCheck(path="/ready", interval=60))
        await registered(balancer, address)
        before = pod.connections
        for _ in range(5):
            assert (await get(balancer)).status == 200
        assert pod.connections == before + 1


async def test_a_connection_that_the_target_closed_is_not_used_again(balancer: Balancer) -> None:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()
        writer.close()  # without having said so

    async with listening(once) as address:
        await registered(balancer, address)
        for _ in range(3):
            assert (await get(balancer)).status == 200
            await asyncio.sleep(0.02)  # lets the close arrive


async def test_metrics_are_hidden(balancer: Balancer) -> None:
    pod = WellBehaved()
    async with listening(pod.serve) as address:
        await registered(balancer, address)
        assert (await get(balancer, "/metrics")).status == 404
        assert (await get(balancer, "/metrics?name=x")).status == 404
        assert (await get(balancer, "/metricsfoo")).status == 200
    assert [request.target for request in pod.seen] == ["/metricsfoo"]


async def test_without_a_target_it_is_503(balancer: Balancer) -> None:
    assert (await get(balancer)).status == 503
    assert balancer.counts.reasons == {"no target": 1}


async def test_a_target_that_refuses_is_502_and_tried_once(balancer: Balancer) -> None:
    with socket.create_server((HOST, 0)) as taken:
        address = Address(HOST, taken.getsockname()[1])
    await registered(balancer, address, state=State.UNHEALTHY)
    assert (await get(balancer)).status == 502
    assert balancer.counts.reasons == {"connect: ConnectionRefusedError": 1}


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", b"?\r\n\r\n"]
)
async def test_a_target_that_hangs_up_is_502(balancer: Balancer, answer: bytes) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async with listening(hang_up) as address:
        await registered(balancer, address, state=State.UNHEALTHY)
        assert (await get(balancer)).status == 502
    assert balancer.counts.failed == 1


async def test_a_target_that_is_silent_is_504(balancer: Balancer) -> None:
    pod = WellBehaved()
    pod.release.clear()
    async with listening(pod.serve) as address:
        await registered(balancer, address)
        assert (await get(balancer, "/slow")).status == 504
        pod.release.set()
    assert balancer.counts.reasons == {"response timeout": 1}


async def test_a_failing_check_takes_a_target_out_and_good_ones_bring_it_back(
    balancer: Balancer,
) -> None:
    good, bad = WellBehaved("good"), WellBehaved("bad")
    async with listening(good.serve) as first, listening(bad.serve) as second:
        await registered(balancer, first)
        await registered(balancer, second)
        await until(lambda: states(balancer) == [State.HEALTHY] * 2)
        bad.ready = False
        await until(lambda: states(balancer) == [State.HEALTHY, State.UNHEALTHY])
        assert {(await get(balancer)).body for _ in range(6)} == {b"good"}
        bad.ready = True
        await until(lambda: states(balancer) == [State.HEALTHY] * 2)
        assert {(await get(balancer)).body for _ in range(6)} == {b"good", b"bad"}


async def test_with_no_healthy_target_it_fails_open(balancer: Balancer) -> None:
    pod = WellBehaved()
    pod.ready = False
    async with listening(pod.serve) as address:
        await registered(balancer, address, state=State.UNHEALTHY)
        assert (await get(balancer)).status == 200


async def test_a_draining_target_finishes_what_it_has_and_gets_nothing_new(
    balancer: Balancer,
) -> None:
    old, new = WellBehaved("old"), WellBehaved("new")
    old.release.clear()
    async with listening(old.serve) as first, listening(new.serve) as second:
        await registered(balancer, first)
        slow = asyncio.create_task(get(balancer, "/slow"))
        await until(lambda: bool(old.seen))
        balancer.register(second)
        balancer.deregister(first)
        await until(lambda: State.HEALTHY in states(balancer))
        assert {(await get(balancer)).body for _ in range(4)} == {b"new"}
        old.release.set()
        assert (await slow).body == b"old"
        await until(lambda: states(balancer) == [State.HEALTHY])


async def test_a_request_that_outlives_the_deregistration_delay_is_cut_off(
    balancer: Balancer,
) -> None:
    pod = WellBehaved()
    pod.release.clear()
    async with listening(pod.serve) as address:
        await registered(balancer, address)
        slow = asyncio.create_task(get(balancer, "/slow"))
        await until(lambda: bool(pod.seen))
        balancer.deregister(address)
        assert (await slow).status == 502
        assert states(balancer) == []
        pod.release.set()


async def test_every_request_and_failure_is_counted(balancer: Balancer) -> None:
    pod = WellBehaved()
    async with listening(pod.serve) as address:
        await get(balancer)
        await registered(balancer, address)
        await get(balancer)
        await get(balancer)
    counts = balancer.counts
    assert (counts.requests, counts.failed) == (3, 1)
    assert counts.statuses == {200: 2, 503: 1}
    assert counts.targets == {str(address): 2}
    assert [failure.status for failure in counts.failures] == [503]


async def test_clients_may_keep_their_connection(balancer: Balancer) -> None:
    pod = WellBehaved()
    async with listening(pod.serve) as target, listening(balancer.serve) as front:
        await registered(balancer, target)
        connection = await Connection.open(*front)
        for _ in range(3):
            response = await connection.send(Request("GET", "/", ((b"host", b"x"),)))
            assert response.status == 200
            assert connection.reusable
        connection.close()
