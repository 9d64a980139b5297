"""The load generator must see what a user would see: these tests break the server under it."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from e2e.load.load import Failed, Load, Plan, Report
from e2e.load.traffic import Alerts, Reads
from e2e.load_balancer.http1 import Request, Response
from e2e.load_balancer.targets import Address
from e2e.tests.load_balancer.servers import WellBehaved, listening


class Backend(WellBehaved):
    """Counts alerts; answers with `status`."""

    status = 200

    async def answer(self, request: Request, _: str) -> Response:
        self.seen.append(request)
        body = b'{"accepted": 1, "rejected": []}'
        return Response(self.status, ((b"content-length", b"%d" % len(body)),), body)


@contextmanager
def serving(backend: WellBehaved) -> Iterator[Address]:
    """Serve from a thread of its own, since the load's thread is waited for."""
    started, stop = threading.Event(), threading.Event()
    addresses: list[Address] = []

    async def serve() -> None:
        async with listening(backend.serve) as address:
            addresses.append(address)
            started.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert started.wait(5)
    try:
        yield addresses[0]
    finally:
        stop.set()
        thread.join(5)


def url(address: Address) -> str:
    return f"http://{address}"


def test_all_good_is_no_failure() -> None:
    with serving(Backend()) as address, Load(Plan(url(address), rate=500), Reads("/")) as load:
        load.wait_for(50)
    assert load.report.failures == []
    assert load.report.requests >= 50
    assert load.report.percentile(0.99) > 0


def test_an_error_status_is_a_failure_with_its_time() -> None:
    backend = Backend()
    with serving(backend) as address, Load(Plan(url(address), rate=500), Reads("/")) as load:
        load.wait_for(20)
        broken = time.time()
        backend.status = 503
        load.wait_for(load.report.requests + 20)
        backend.status = 200
        load.wait_for(load.report.requests + 20)
    report = load.report
    assert {failure.kind for failure in report.failures} == {"status 503"}
    assert 0 < report.window_since(broken) <= report.window_s + 1
    assert report.figures()["failed_requests"] == report.failed


def test_a_server_that_is_away_is_a_failure() -> None:
    with serving(Backend()) as address:
        pass
    with Load(Plan(url(address), rate=100), Reads("/")) as load:
        load.wait_for(5)
    assert {failure.kind for failure in load.report.failures} == {"ConnectionRefusedError"}


def test_no_answer_is_a_failure() -> None:
    backend = WellBehaved()
    backend.release.clear()
    plan_seconds = 0.2
    with serving(backend) as address:
        plan = Plan(url(address), rate=50, timeout=plan_seconds)
        with Load(plan, Reads("/slow")) as load:
            load.wait_for(3)
    assert {failure.kind for failure in load.report.failures} == {"timeout"}
    assert load.report.failed == load.report.requests


def test_it_ends_by_itself() -> None:
    short = 0.2
    with (
        serving(Backend()) as address,
        Load(Plan(url(address), rate=100, limit_seconds=short), Reads("/")) as load,
    ):
        load.wait_for(1000)
    assert load.report.requests == 20


@pytest.mark.parametrize("elsewhere", ["http://10.0.11.130:8000", "http://192.0.2.1"])
def test_only_this_machine_is_a_target(elsewhere: str) -> None:
    with pytest.raises(ValueError, match=r"127\.0\.0\.1 only"):
        Load(Plan(elsewhere), Reads("/"))


def test_accepted_alerts_are_remembered_and_refused_ones_are_not() -> None:
    backend = Backend()
    alerts = Alerts(token="t")
    with serving(backend) as address, Load(Plan(url(address), rate=300), alerts) as load:
        load.wait_for(20)
        backend.status = 503
        load.wait_for(load.report.requests + 20)
    assert 0 < len(alerts.accepted) == load.report.requests - load.report.failed
    assert len({request.body for request in backend.seen}) == load.report.requests


def test_the_window_counts_from_the_event() -> None:
    assert Report().window_since(time.time()) == 0


def test_a_window_ends_where_the_next_event_begins() -> None:
    report = Report(failures=[Failed(at, "status 503") for at in (9, 12, 14, 30)])
    assert report.window_between(10, 20) == 4
    assert report.window_since(10) == 20
    assert report.window_between(15, 30) == 0
    assert Report().window_s == 0
