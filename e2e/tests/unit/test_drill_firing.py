"""Drills of the alert's way turn red when nobody is told, and put back what they took away."""

import http.client
import json
from collections.abc import Iterator
from ipaddress import IPv4Address
from types import SimpleNamespace

import pytest

from e2e.cluster import topology
from e2e.cluster.control_plane import free_port
from e2e.drills import direct_receiver, firing
from e2e.drills.direct_receiver import DirectReceiver
from e2e.drills.drill import DrillFailed

HOST = "127.0.0.1"


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address of a running cluster is not there."""
    monkeypatch.setattr(direct_receiver, "PORT", free_port())
    monkeypatch.setattr(topology, "LOAD_BALANCER", (IPv4Address(HOST),))


@pytest.fixture
def people() -> Iterator[DirectReceiver]:
    with DirectReceiver() as listening:
        yield listening


def tell(*alerts: tuple[str, str]) -> int:
    """Send what Alertmanager's webhook sends, and give the status."""
    connection = http.client.HTTPConnection(HOST, direct_receiver.PORT, timeout=5)
    told = [{"status": status, "labels": {"alertname": name}} for name, status in alerts]
    connection.request("POST", "/", json.dumps({"version": "4", "alerts": told}))
    status = connection.getresponse().status
    connection.close()
    return status


def test_people_remember_who_told_what(people: DirectReceiver) -> None:
    assert tell(("BackendDown", "firing"), ("DatabaseFull", "resolved")) == 200
    assert people.told("BackendDown", "firing", seconds=1) is not None
    assert people.told("BackendDown", "resolved", seconds=0.1) is None
    assert people.received() == "BackendDown firing, DatabaseFull resolved"


class _Platform:
    """Stands for a platform whose Alertmanager tells the listed when the backend goes and comes."""

    def __init__(
        self, *, gone: str = "BackendDown", back: str = "BackendDown", ready: bool = False
    ) -> None:
        self._pods = [SimpleNamespace(name="backend-1", ready=True)] if ready else []
        self._told = {0: (gone, "firing"), 2: (back, "resolved")}
        self.scaled: list[int] = []
        self.settled = False
        self.cluster = SimpleNamespace(kubectl=self._kubectl)

    def pods(self) -> list[SimpleNamespace]:
        return self._pods

    def settle(self) -> None:
        self.settled = True

    def _kubectl(self, *arguments: str) -> str:
        replicas = int(arguments[-1].partition("--replicas=")[2])
        self.scaled.append(replicas)
        tell(self._told[replicas])
        return ""


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firing, "_AWAY_SECONDS", 0.3)
    monkeypatch.setattr(firing, "_RESOLVED_SECONDS", 0.3)


@pytest.mark.usefixtures("quick")
def test_people_are_told_while_the_backend_is_away_and_of_its_return() -> None:
    platform = _Platform()
    figures = firing.backend_away(platform)  # type: ignore[arg-type]  # as much as is used
    assert figures["direct_s"] >= 0  # type: ignore[operator]  # seconds
    assert platform.scaled == [0, 2]
    assert platform.settled


@pytest.mark.usefixtures("quick")
def test_nobody_told_of_the_absence_is_red_and_the_backend_comes_back() -> None:
    platform = _Platform(gone="Watchdog")
    with pytest.raises(DrillFailed, match="nobody was told of BackendDown firing, but of Watchdog"):
        firing.backend_away(platform)  # type: ignore[arg-type]  # as much as is used
    assert platform.scaled == [0, 2]


@pytest.mark.usefixtures("quick")
def test_a_backend_that_was_there_proves_nothing() -> None:
    with pytest.raises(DrillFailed, match=r"the backend was not away: .*backend-1"):
        firing.backend_away(_Platform(ready=True))  # type: ignore[arg-type]  # as above


@pytest.mark.usefixtures("quick")
def test_nobody_told_of_the_return_is_red() -> None:
    with pytest.raises(DrillFailed, match="nobody was told of BackendDown resolved"):
        firing.backend_away(_Platform(back="Watchdog"))  # type: ignore[arg-type]  # as above
