"""Volumes of the class gp3, made beforehand: folders of the nodes in place of EBS.

The scheduler chooses a node for a pod and binds one of that node's volumes to its claim, as it does
with the disks of a zone. Nothing limits a volume to its size, encrypts, grows or attaches it.
"""

import json

from e2e.cluster.cluster import Cluster
from e2e.cluster.node import Node

# Of each node; a claim that goes does not give its volume back.
_COUNT = 12
_SIZE = "100Gi"


def make(cluster: Cluster) -> None:
    """Make them on every node that runs."""
    items = [_volume(cluster, node, number) for node in cluster.nodes() for number in range(_COUNT)]
    cluster.kubectl.apply(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))


def _volume(cluster: Cluster, node: Node, number: int) -> dict[str, object]:
    # A node's /var/lib is `lib` of its folder (node-init.sh).
    folder = cluster.paths.node(node.name) / "lib" / "volumes" / str(number)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)  # as a new file system's root: pods write by their fsGroup
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node.name]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": f"{node.name}-{number}"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": _SIZE},
            "local": {"path": f"/var/lib/volumes/{number}"},  # hostPath would know no fsGroup
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
            "persistentVolumeReclaimPolicy": "Retain",
            "storageClassName": "gp3",
        },
    }
