"""The load generator must see what a user would see: these tests break the server under it."""

import time

import httpx2
import pytest

from e2e.load.load import Failed, Load, Report, Request
from e2e.load.traffic import Alerts
from e2e.tests.load_balancer.servers import serving


class Reads:
    """GET of one path, again and again."""

    def __init__(self, path: str) -> None:
        self._path = path

    def request(self, _: int) -> Request:
        return Request("GET", self._path)

    def answered(self, number: int, response: httpx2.Response) -> None:
        """Need nothing."""


def test_all_good_is_no_failure_and_it_ends_by_itself() -> None:
    with serving() as server, Load(server.url, Reads("/"), rate=100, limit_seconds=0.2) as load:
        load.wait_for(1000)
    assert (load.report.requests, load.report.failures) == (20, [])


def test_an_error_status_is_a_failure_with_its_time() -> None:
    with serving() as server, Load(server.url, Reads("/"), rate=500) as load:
        load.wait_for(20)
        broken = time.time()
        server.status = 503
        load.wait_for(load.report.requests + 20)
        server.status = 200
        load.wait_for(load.report.requests + 20)
    report = load.report
    assert report.kinds == {"status 503": report.failed}
    assert 0 < report.window_since(broken) <= time.time() - broken


def test_a_server_that_hangs_up_is_a_failure_and_gets_nothing_twice() -> None:
    with serving() as server, Load(server.url, Reads("/hang-up"), rate=100) as load:
        load.wait_for(5)
    assert load.report.kinds == {"RemoteProtocolError": load.report.requests}
    assert len(server.seen) == load.report.requests


def test_a_server_that_is_away_is_a_failure() -> None:
    with serving() as server:
        pass
    with Load(server.url, Reads("/"), rate=100) as load:
        load.wait_for(5)
    assert load.report.kinds == {"ConnectError": load.report.requests}


def test_no_answer_is_a_failure() -> None:
    with serving() as server:
        with Load(server.url, Reads("/slow"), rate=50, timeout=0.2) as load:
            load.wait_for(3)
        assert load.report.kinds == {"timeout": load.report.requests}


@pytest.mark.parametrize("elsewhere", ["http://10.0.11.130:8000", "http://192.0.2.1"])
def test_only_this_machine_is_a_target(elsewhere: str) -> None:
    with pytest.raises(ValueError, match=r"127\.0\.0\.1 and load balancers only"):
        Load(elsewhere, Reads("/"), rate=1)


def test_accepted_alerts_are_remembered_and_refused_ones_are_not() -> None:
    alerts = Alerts(token="t")
    with (
        serving('{"accepted": 1, "rejected": []}') as server,
        Load(server.url, alerts, rate=300) as load,
    ):
        load.wait_for(20)
        server.status = 503
        load.wait_for(load.report.requests + 20)
    assert 0 < len(alerts.accepted) == load.report.requests - load.report.failed
    assert len({seen.body for seen in server.seen}) == load.report.requests


def test_a_window_counts_from_the_event() -> None:
    report = Report(failures=[Failed(at, "status 503") for at in (9, 12, 14, 30)])
    assert report.window_since(10) == 20
    assert report.window_since(31) == Report().window_since(0) == 0
