"""`python -m e2e.monitoring.provisioner`: the storage driver stand-in, until SIGTERM.

It does what the provisioner of the EBS CSI driver does for a class that waits for its first
consumer: the scheduler has chosen a node and says so at the claim, then comes a volume that only
pods of that zone can have, bound to that claim from the start; and with the claim goes the volume.
Where EBS makes a disk, this makes a folder on the node. So nothing limits a volume to its size,
none is encrypted, none grows, nothing attaches or detaches, and a lost node is a lost volume until
it is back, which with one node in a zone is what EBS shows, too.
"""

import argparse
import asyncio
import contextlib
import shutil
import signal
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import httpx2

from e2e.cluster import topology
from e2e.cluster.paths import Paths
from e2e.load_balancer.errors import EntranceError
from e2e.load_balancer.kubernetes import Api, Key

# A Kubernetes object; only the fields that are named below are looked at.
Object: TypeAlias = "Mapping[str, Any]"

DRIVER = "ebs.csi.aws.com"
MANAGER = "volume-stand-in"
# Below a node's /var/lib, which on the machine is `lib` of the node's folder (node-init.sh).
FOLDER = "volumes"

CLAIMS = "/api/v1/persistentvolumeclaims"
VOLUMES = "/api/v1/persistentvolumes"
_PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
_PROVISIONER = "volume.kubernetes.io/storage-provisioner"
_SELECTED_NODE = "volume.kubernetes.io/selected-node"
_RETRY_SECONDS = 1.0

_ZONES = {node.name: node.zone for node in topology.NODES.values()}


def volume_for(claim: Object) -> dict[str, Any] | None:
    """Make the PersistentVolume that the claim waits for; None while it is not our turn."""
    metadata, spec = claim["metadata"], claim["spec"]
    annotations = metadata.get("annotations", {})
    node = annotations.get(_SELECTED_NODE)
    if annotations.get(_PROVISIONER) != DRIVER or node not in _ZONES:
        return None
    if spec.get("volumeName") or "deletionTimestamp" in metadata:
        return None
    name = f"pvc-{metadata['uid']}"  # as the real provisioner's
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": name,
            "labels": _labels(node),
            # With it the control plane leaves the deletion to us.
            "annotations": {_PROVISIONED_BY: DRIVER},
        },
        "spec": {
            "accessModes": spec["accessModes"],
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                **{key: metadata[key] for key in ("namespace", "name", "uid")},
            },
            "local": {"path": f"/var/lib/{FOLDER}/{name}"},  # hostPath would know no fsGroup
            "nodeAffinity": {"required": {"nodeSelectorTerms": [_only(node)]}},
            "persistentVolumeReclaimPolicy": "Delete",
            "storageClassName": spec["storageClassName"],
        },
    }


def is_over(volume: Object) -> bool:
    """Whether a volume of ours has lost its claim."""
    annotations = volume["metadata"].get("annotations", {})
    return (
        annotations.get(_PROVISIONED_BY) == DRIVER
        and volume.get("status", {}).get("phase") == "Released"
        and "deletionTimestamp" not in volume["metadata"]
    )


def node_of(volume: Object) -> str:
    terms = volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    return str(terms[0]["matchExpressions"][0]["values"][0])


def _labels(node: str) -> dict[str, str]:
    return {
        "topology.kubernetes.io/region": topology.REGION,
        "topology.kubernetes.io/zone": _ZONES[node],
    }


def _only(node: str) -> dict[str, Any]:
    wanted = {"kubernetes.io/hostname": node, **_labels(node)}
    return {
        "matchExpressions": [
            {"key": key, "operator": "In", "values": [value]} for key, value in wanted.items()
        ]
    }


def ready_file(state: Path) -> Path:
    """Is there as soon as claims and volumes were read once."""
    return state / "volumes-ready"


class Provisioner:
    """Keeps volumes as the claims want them. `api` has the rights of an administrator."""

    def __init__(self, api: Api, paths: Paths) -> None:
        self._api, self._paths = api, paths
        self._claims: dict[Key, dict[str, object]] = {}
        self._volumes: dict[Key, dict[str, object]] = {}
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for path, store in ((CLAIMS, self._claims), (VOLUMES, self._volumes)):
                tasks.create_task(self._api.keep_current(path, store, self._changed.set))
            while True:
                await self._changed.wait()
                self._changed.clear()
                try:
                    await self.settle(list(self._claims.values()), list(self._volumes.values()))
                    ready_file(self._paths.state).touch()
                except (httpx2.HTTPError, OSError) as error:
                    print(f"volumes: {error!r}", flush=True)
                    await asyncio.sleep(_RETRY_SECONDS)
                    self._changed.set()

    async def settle(self, claims: Iterable[Object], volumes: Iterable[Object]) -> None:
        """Make what claims wait for, remove what nobody claims any more."""
        there = {volume["metadata"]["name"] for volume in volumes}
        for claim in claims:
            wanted = volume_for(claim)
            if wanted is not None and wanted["metadata"]["name"] not in there:
                await self._make(wanted)
        for volume in volumes:
            if is_over(volume):
                await self._remove(volume)

    async def _make(self, volume: Object) -> None:
        folder = self._folder(volume)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)  # as a new file system's root: pods write by their fsGroup
        name = volume["metadata"]["name"]
        await self._api.apply(f"{VOLUMES}/{name}", volume, manager=MANAGER)
        print(f"made {name} on {node_of(volume)}", flush=True)

    async def _remove(self, volume: Object) -> None:
        shutil.rmtree(self._folder(volume), ignore_errors=True)
        name = volume["metadata"]["name"]
        await self._api.delete(f"{VOLUMES}/{name}")
        print(f"removed {name}", flush=True)

    def _folder(self, volume: Object) -> Path:
        lib = self._paths.node(node_of(volume)) / "lib"
        return lib / Path(volume["spec"]["local"]["path"]).relative_to("/var/lib")


async def _run(state: Path) -> None:
    api = Api(Paths(state).kubeconfig)
    work = asyncio.ensure_future(Provisioner(api, Paths(state)).run())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await work
    finally:
        await api.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="the cluster's folder")
    try:
        asyncio.run(_run(parser.parse_args().state))
    except EntranceError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
