"""The storage driver stand-in's decisions. With a real scheduler and kubelet: tests/e2e."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from e2e.cluster.paths import Paths
from e2e.load_balancer.kubernetes import Api
from e2e.monitoring.provisioner import Provisioner, is_over, node_of, volume_for

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
