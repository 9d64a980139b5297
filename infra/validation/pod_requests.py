"""The requests of all pods, and the resources that nodes offer. Pure.

The requests are those of infra/third_party and charts/backend. A test renders these charts and
compares.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from infra.config import capacity
from infra.config.instance_types import instance_types
from infra.config.nodes import NodeOptions
from infra.config.options import Options
from infra.third_party.installed import installed
from infra.third_party.pods import Workload

# The image's reserve for evictions, in MiB.
EVICTION_RESERVE = 100
# Share of the memory that firmware and kernel leave.
USABLE_MEMORY = 0.925
MIB_PER_GIB = 1024


@dataclass(frozen=True, slots=True)
class NodeResources:
    """Millicores, MiB and pods, as requested or as available."""

    cpu: int
    memory: int
    pods: int

    def share_of(self, other: "NodeResources") -> Mapping[str, float]:
        """Return the share of each resource."""
        return {
            "CPU": self.cpu / other.cpu,
            "memory": self.memory / other.memory,
            "pods": self.pods / other.pods,
        }


# EKS's own: aws-node with its policy agent, and the add-ons in the versions of infra/versions.py.
EKS = (
    Workload("aws-node", 50, 0, per_node=True),
    Workload("kube-proxy", 100, 0, per_node=True),
    Workload("ebs-csi-node", 30, 104, per_node=True),
    Workload("eks-pod-identity-agent", 0, 0, per_node=True),
    Workload("eks-node-monitoring-agent", 10, 30, per_node=True),
    Workload("coredns", 100, 70, pods=2, surge=1),
    Workload("ebs-csi-controller", 50, 192, pods=2, surge=1),
)
LOAD_BALANCER_CONTROLLER = Workload("aws-load-balancer-controller", 50, 96, surge=1)
METRICS_SERVER = Workload("metrics-server", 20, 48, surge=1)
CLUSTER_AUTOSCALER = Workload("cluster-autoscaler", 20, 96, surge=1)

API_CPU, API_MEMORY = 200, 192
BACKEND_WORKER = Workload("backend-worker", 50, 160, surge=1)
# A release recreates it, so there are never two.
DATABASE_EXPORTER = Workload("backend-exporter", 10, 32)
# Runs before the new pods of a release.
MIGRATION = Workload("backend-migrate", 50, 128, pods=0, surge=1)


def workloads(options: Options, *, replicas: int) -> tuple[Workload, ...]:
    """List all workloads that these options run, with `replicas` API pods."""
    addons = options.addons
    return (
        *EKS,
        LOAD_BALANCER_CONTROLLER,
        *([METRICS_SERVER] if addons.metrics_server else []),
        *([CLUSTER_AUTOSCALER] if addons.cluster_autoscaler else []),
        *(pods.requests for pods in installed(options.observability)),
        Workload("backend", API_CPU, API_MEMORY, pods=replicas, surge=1),
        BACKEND_WORKER,
        MIGRATION,
        *([DATABASE_EXPORTER] if options.observability.database_metrics else []),
    )


def demand(of: Sequence[Workload], *, nodes: int, rolling: bool) -> NodeResources:
    """Sum the requests; `rolling` counts the surge of every release at once, the worst case."""
    counts = [
        nodes if workload.per_node else workload.pods + workload.surge * rolling for workload in of
    ]
    pairs = list(zip(of, counts, strict=True))
    return NodeResources(
        cpu=sum(workload.cpu * count for workload, count in pairs),
        memory=sum(workload.memory * count for workload, count in pairs),
        pods=sum(counts),
    )


def supply(nodes: NodeOptions, *, most: bool = False) -> NodeResources:
    """Sum what the fewest nodes (or the most) offer to pods: of each group's types the least.

    Groups whose taints keep our pods away offer nothing.
    """
    groups = [
        (
            [allocatable(kind, nodes.pods_per_node) for kind in group.instance_types],
            group.max if most else group.min,
        )
        for group in nodes.groups.values()
        if not group.keeps_others_away
    ]
    return NodeResources(
        cpu=sum(min(node.cpu for node in kinds) * count for kinds, count in groups),
        memory=sum(min(node.memory for node in kinds) * count for kinds, count in groups),
        pods=sum(nodes.pods_per_node * count for _, count in groups),
    )


def allocatable(instance_type: str, pods: int) -> NodeResources:
    """Return what one node offers to pods."""
    size = instance_types()[instance_type]
    reserved = capacity.kube_reserved(pods=pods, vcpus=size.vcpus)
    kept = int(reserved["memory"].removesuffix("Mi")) + EVICTION_RESERVE
    return NodeResources(
        cpu=size.vcpus * 1000 - int(reserved["cpu"].removesuffix("m")),
        memory=int(size.memory_gib * MIB_PER_GIB * USABLE_MEMORY) - kept,
        pods=pods,
    )
