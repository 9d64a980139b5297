"""The storage driver stand-in's decisions. With a real scheduler and kubelet: tests/e2e."""

import asyncio
import base64
import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from e2e.cluster import pki, processes
from e2e.cluster.cluster import Cluster
from e2e.cluster.paths import Paths
from e2e.load_balancer.kubernetes import Api
from e2e.monitoring.errors import MonitoringError
from e2e.monitoring.provisioner import Provisioner, is_over, node_of, volume_for
from e2e.monitoring.volumes import Volumes

DRIVER = "ebs.csi.aws.com"
ANNOTATIONS = {
    "volume.kubernetes.io/selected-node": "node-b",
    "volume.kubernetes.io/storage-provisioner": DRIVER,
}


def claim(annotations: Mapping[str, str] = ANNOTATIONS, **spec: object) -> dict[str, Any]:
    return {
        "metadata": {
            "name": "data",
            "namespace": "shop",
            "uid": "4711",
            "annotations": dict(annotations),
        },
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "10Gi"}},
            "storageClassName": "gp3",
            **spec,
        },
    }


def released(**metadata: object) -> dict[str, Any]:
    volume = volume_for(claim())
    assert volume is not None
    return {
        **volume,
        "metadata": {**volume["metadata"], **metadata},
        "status": {"phase": "Released"},
    }


def test_a_volume_is_for_its_claim_and_on_the_node_that_the_scheduler_chose() -> None:
    volume = volume_for(claim())
    assert volume is not None
    assert volume["metadata"]["name"] == "pvc-4711"
    assert volume["metadata"]["labels"]["topology.kubernetes.io/zone"] == "us-east-1b"
    spec = volume["spec"]
    assert spec["claimRef"].items() >= {"namespace": "shop", "name": "data", "uid": "4711"}.items()
    assert spec["capacity"] == {"storage": "10Gi"}
    assert spec["local"] == {"path": "/var/lib/volumes/pvc-4711"}
    assert spec["persistentVolumeReclaimPolicy"] == "Delete"
    assert node_of(volume) == "node-b"


@pytest.mark.parametrize(
    "waiting",
    [
        claim({}),  # no pod yet
        claim({**ANNOTATIONS, "volume.kubernetes.io/storage-provisioner": "efs.csi.aws.com"}),
        claim({**ANNOTATIONS, "volume.kubernetes.io/selected-node": "node-z"}),
        claim(volumeName="pvc-4711"),
    ],
)
def test_other_claims_get_nothing(waiting: Mapping[str, Any]) -> None:
    assert volume_for(waiting) is None


def test_a_claim_that_is_going_gets_nothing() -> None:
    going = claim()
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert volume_for(going) is None


def test_volumes_of_others_and_those_in_use_stay() -> None:
    assert is_over(released())
    assert not is_over({**released(), "status": {"phase": "Bound"}})
    assert not is_over(released(annotations={}))
    assert not is_over(released(deletionTimestamp="2026-01-01T00:00:00Z"))


class Recorded(Api):
    """Sends nothing."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    async def apply(self, path: str, body: Mapping[str, object], *, manager: str) -> None:  # noqa: ARG002 - as the base
        self.sent.append(("apply", path))

    async def delete(self, path: str) -> None:
        self.sent.append(("delete", path))


def folder(paths: Paths) -> Path:
    return paths.node("node-b") / "lib" / "volumes" / "pvc-4711"


def test_a_folder_comes_before_its_volume_and_goes_with_it(tmp_path: Path) -> None:
    api, paths = Recorded(), Paths(tmp_path)
    provisioner = Provisioner(api, paths)
    asyncio.run(provisioner.settle([claim()], []))
    assert api.sent == [("apply", "/api/v1/persistentvolumes/pvc-4711")]
    assert folder(paths).stat().st_mode & 0o777 == 0o755
    (folder(paths) / "wal").write_text("data")
    asyncio.run(provisioner.settle([], [released()]))
    assert api.sent[1:] == [("delete", "/api/v1/persistentvolumes/pvc-4711")]
    assert not folder(paths).exists()


def test_a_volume_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    api = Recorded()
    volume = {**released(), "status": {"phase": "Available"}}
    asyncio.run(Provisioner(api, Paths(tmp_path)).settle([claim()], [volume]))
    assert api.sent == []


class Empty(BaseHTTPRequestHandler):
    """An API server without claims and volumes; each watch of it ends at once."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        if "watch" not in self.path:
            listed = {"items": [], "metadata": {"resourceVersion": "1"}}
            self.wfile.write(json.dumps(listed).encode())

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def cluster_at(state: Path, server: str) -> Cluster:
    """As much of a cluster as is asked: its folder, with a kubeconfig."""
    authority = base64.b64encode(pki.authority("cluster").pem).decode()
    config = {
        "current-context": "e2e",
        "contexts": [{"name": "e2e", "context": {"cluster": "e2e", "user": "e2e"}}],
        "clusters": [
            {"name": "e2e", "cluster": {"server": server, "certificate-authority-data": authority}}
        ],
        "users": [{"name": "e2e", "user": {}}],
    }
    (state / "kubeconfig").write_text(json.dumps(config))
    return cast("Cluster", SimpleNamespace(paths=Paths(state)))


def test_it_works_beside_the_cluster_until_it_is_stopped(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Empty) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        cluster = cluster_at(tmp_path, f"http://127.0.0.1:{server.server_port}")
        with Volumes.start(cluster):
            Volumes.start(cluster)  # in place of the first
            assert [process.alive for process in processes.marked(tmp_path)] == [True]
        assert list(processes.marked(tmp_path)) == []
        server.shutdown()


def test_a_start_that_fails_says_where_to_look(tmp_path: Path) -> None:
    cluster = cast("Cluster", SimpleNamespace(paths=Paths(tmp_path)))
    with pytest.raises(MonitoringError, match=r"no volumes will come: see .*volumes.log"):
        Volumes.start(cluster)
    assert "is not a kubeconfig" in (tmp_path / "logs" / "volumes.log").read_text()
