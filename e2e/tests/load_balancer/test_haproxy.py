"""The real HAProxy in front of small servers: it does what an ALB would."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import httpx2
import pytest

from e2e.cluster.processes import wait_until
from e2e.load_balancer.errors import LoadBalancerError
from e2e.load_balancer.haproxy import PROGRAM, HAProxy
from e2e.load_balancer.target_group import FixedResponse, HealthCheck, Recorded, TargetGroup
from e2e.tests.load_balancer.servers import Server, serving
from tests.support.ports import free_port

pytestmark = pytest.mark.skipif(
    shutil.which(PROGRAM) is None, reason="needs haproxy: run e2e/programs/packages.sh"
)

# Often, and with patience for a slow machine.
CHECK = HealthCheck(
    path="/ready", interval=0.1, timeout=20, healthy_threshold=2, unhealthy_threshold=2
)
SOURCE = "127.0.0.7"


def recorded(*rules: FixedResponse, delay: float = 60, **check: object) -> Recorded:
    return Recorded(
        TargetGroup(health_check=CHECK.model_copy(update=check), deregistration_delay=delay), rules
    )


@pytest.fixture
def haproxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HAProxy]:
    started = HAProxy(tmp_path_factory.mktemp("lb"), free_port(), [SOURCE])  # a short path
    started.configure(recorded())
    yield started
    started.close()


@pytest.fixture
def old() -> Iterator[Server]:
    with serving("old") as server:
        yield server


@pytest.fixture
def new() -> Iterator[Server]:
    with serving("new") as server:
        yield server


def get(haproxy: HAProxy, path: str = "/") -> httpx2.Response:
    """Send a request on a connection of its own."""
    return httpx2.get(haproxy.url + path, trust_env=False, timeout=60)


def who_answers(haproxy: HAProxy) -> set[str]:
    return {get(haproxy).text for _ in range(6)}


def settle(haproxy: HAProxy, expected: Mapping[str, str]) -> None:
    """Wait for exactly these states, by address."""
    until(haproxy, lambda: haproxy.states() == expected)


def serve(haproxy: HAProxy, *servers: Server) -> set[str]:
    """Make them the targets, and wait until they are healthy; give their addresses."""
    addresses = {server.address for server in servers}
    haproxy.set_targets(addresses)
    settle(haproxy, dict.fromkeys(addresses, "healthy"))
    return addresses


@contextmanager
def slow_request(haproxy: HAProxy, server: Server) -> Iterator[Future[httpx2.Response]]:
    """Give a request that the only target has, and answers when its `release` is set."""
    with ThreadPoolExecutor() as threads:
        slow = threads.submit(get, haproxy, "/slow")
        until(haproxy, lambda: bool(server.seen))
        yield slow


def until(haproxy: HAProxy, condition: Callable[[], bool]) -> None:
    def holds() -> bool:
        haproxy.tick()
        return condition()

    assert wait_until(holds, seconds=60, every=0.05), haproxy.states()


def test_a_request_reaches_the_target_with_what_an_alb_adds(haproxy: HAProxy, old: Server) -> None:
    serve(haproxy, old)
    answer = httpx2.post(
        f"{haproxy.url}/api?x=1", content=b"payload", headers={"host": "x"}, trust_env=False
    )
    assert answer.text == "old"
    [seen] = old.seen
    assert (seen.path, seen.body, seen.client) == ("/api?x=1", b"payload", SOURCE)
    assert seen.headers["x-forwarded-for"] == "127.0.0.1"
    assert seen.headers["x-forwarded-proto"] == "http"
    assert seen.headers["host"] == "x"


def test_without_a_target_it_is_503(haproxy: HAProxy) -> None:
    assert get(haproxy).status_code == 503


def test_a_recorded_rule_answers_itself(haproxy: HAProxy, old: Server) -> None:
    serve(haproxy, old)
    assert get(haproxy, "/metrics").status_code == 200
    hidden = FixedResponse(("/metrics", "/metrics/*"), 404, "text/plain", "Not Found")
    haproxy.configure(recorded(hidden))
    settle(haproxy, {old.address: "healthy"})  # again: it was restarted
    old.seen.clear()
    for path in ("/metrics", "/metrics?x", "/metrics/x"):
        answer = get(haproxy, path)
        assert (answer.status_code, answer.text) == (404, "Not Found")
    assert get(haproxy, "/metricsfoo").status_code == 200
    assert [seen.path for seen in old.seen] == ["/metricsfoo"]


def test_a_new_target_gets_nothing_before_a_good_check_and_needs_only_one(
    haproxy: HAProxy, old: Server, new: Server
) -> None:
    serve(haproxy, old)
    new.ready = 503
    haproxy.set_targets({old.address, new.address})
    until(haproxy, lambda: len(new.checks) > 3)
    assert haproxy.states()[new.address] == "unhealthy"
    assert who_answers(haproxy) == {"old"}
    serve(haproxy, old)
    new.ready = 200
    haproxy.configure(recorded(interval=3600))
    serve(haproxy, old, new)
    assert who_answers(haproxy) == {"old", "new"}


def test_failing_checks_take_a_target_out_until_none_is_left_and_it_fails_open(
    haproxy: HAProxy, old: Server, new: Server
) -> None:
    both = serve(haproxy, old, new)
    new.ready = 503
    settle(haproxy, {old.address: "healthy", new.address: "unhealthy"})
    assert who_answers(haproxy) == {"old"}
    old.ready = 503
    settle(haproxy, dict.fromkeys(both, "unhealthy"))
    assert who_answers(haproxy) == {"old", "new"}
    new.ready = 200
    settle(haproxy, {old.address: "unhealthy", new.address: "healthy"})
    assert who_answers(haproxy) == {"new"}
    old.ready = 200
    settle(haproxy, dict.fromkeys(both, "healthy"))
    assert who_answers(haproxy) == {"old", "new"}


def test_a_draining_target_finishes_what_it_has_and_gets_nothing_new(
    haproxy: HAProxy, old: Server, new: Server
) -> None:
    serve(haproxy, old)
    with slow_request(haproxy, old) as slow:
        haproxy.set_targets({new.address})
        settle(haproxy, {old.address: "draining", new.address: "healthy"})
        new.ready = 503
        settle(haproxy, {old.address: "draining", new.address: "unhealthy"})
        assert who_answers(haproxy) == {"new"}  # also when it fails open
        old.release.set()
        assert slow.result().text == "old"
    settle(haproxy, {new.address: "unhealthy"})


def test_a_request_that_outlives_the_deregistration_delay_is_cut_off(
    haproxy: HAProxy, old: Server
) -> None:
    haproxy.configure(recorded(delay=0.1))
    serve(haproxy, old)
    with slow_request(haproxy, old) as slow:
        haproxy.set_targets(set())
        settle(haproxy, {})
        assert slow.result().status_code == 502


def test_an_address_that_comes_back_while_it_drains_is_a_new_target(
    haproxy: HAProxy, old: Server
) -> None:
    serve(haproxy, old)
    with slow_request(haproxy, old) as slow:
        haproxy.set_targets(set())
        settle(haproxy, {old.address: "draining"})
        old.ready = 503
        haproxy.set_targets({old.address})
        assert haproxy.states() == {old.address: "unhealthy"}
        old.ready = 200
        settle(haproxy, {old.address: "healthy"})
        assert who_answers(haproxy) == {"old"}
        old.release.set()
        assert slow.result().text == "old"


def test_a_changed_health_check_counts_for_targets_that_are_there(
    haproxy: HAProxy, old: Server
) -> None:
    serve(haproxy, old)
    haproxy.configure(recorded(path="/ready/again", matcher="201-204,418"))
    until(haproxy, lambda: "/ready/again" in old.checks)
    assert haproxy.states() == {old.address: "unhealthy"}
    old.ready = 418
    settle(haproxy, {old.address: "healthy"})


def test_who_hangs_up_or_refuses_is_not_tried_again(haproxy: HAProxy, old: Server) -> None:
    with serving() as gone:
        pass
    haproxy.set_targets({gone.address})
    assert get(haproxy).status_code == 503
    serve(haproxy, old)
    assert get(haproxy, "/hang-up").status_code == 502
    with httpx2.Client(trust_env=False) as kept:
        assert kept.get(haproxy.url).status_code == 200
        # On a connection that was used before, HAProxy says so by hanging up as well.
        with pytest.raises(httpx2.RemoteProtocolError):
            kept.get(f"{haproxy.url}/hang-up")
    assert [seen.path for seen in old.seen] == ["/hang-up", "/", "/hang-up"]


def test_a_haproxy_that_cannot_start_or_has_ended_is_an_error(
    haproxy: HAProxy, tmp_path_factory: pytest.TempPathFactory
) -> None:
    port = int(haproxy.url.rpartition(":")[2])
    with pytest.raises(LoadBalancerError, match="HAProxy does not start"):
        HAProxy(tmp_path_factory.mktemp("lb"), port)
    haproxy.close()
    with pytest.raises(LoadBalancerError, match="HAProxy has ended"):
        haproxy.tick()
