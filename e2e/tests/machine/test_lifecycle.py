"""Coming up over what a crash left, going down without a trace. API server only, for speed."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.cluster import leftovers, network, processes, teardown
from e2e.cluster.cluster import Cluster
from e2e.cluster.errors import ClusterError, PreconditionError
from e2e.cluster.paths import Paths

PATHS = Paths()


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    yield
    assert teardown.down(PATHS) == []


def kinds() -> set[str]:
    return {found.partition(":")[0] for found in leftovers.find(PATHS)}


def test_a_crashed_cluster_gives_way_to_the_next_which_leaves_nothing() -> None:
    Cluster.up(nodes="")
    assert {"process", "link", "route", "cgroup", "folder"} <= kinds()
    etcd = processes.recorded(PATHS.processes, "etcd")
    assert etcd is not None
    etcd.send(signal.SIGKILL)  # as a crash: one part gone, the others left running
    (PATHS.processes / "kube-apiserver.json").write_text("half a rec")
    said: list[str] = []
    second = Cluster.up(nodes="", say=said.append)
    assert said[0].startswith("removing what an earlier run left (")
    assert second.kubectl("get", "--raw=/readyz") == "ok"
    assert second.down() == []
    assert kinds() == set()


def test_a_failed_start_leaves_logs_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ClusterError("no bridge today")

    monkeypatch.setattr(network, "make_vpc", fail)
    said: list[str] = []
    with pytest.raises(ClusterError, match="no bridge today"):
        Cluster.up(nodes="", say=said.append)
    assert Path(said[-1].removeprefix("logs are kept in ")).is_dir()
    assert kinds() == set()


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    server = processes.start(
        ["python3", "-m", "http.server", "443"],
        name="server",
        records=tmp_path / "processes",
        log=tmp_path / "log",
        environment=dict(os.environ),
        ready=lambda: _listens(443),
    )
    try:
        with pytest.raises(PreconditionError, match="port 443 is in use"):
            Cluster.up(nodes="")
    finally:
        server.stop()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
