"""The probe's pods as the tests look at them."""

from pydantic import BaseModel, Field

from e2e.cluster import topology
from e2e.cluster.cluster import Cluster

_DEPLOYMENT = ("deployment/probe", "--namespace=probe")


class _Spec(BaseModel):
    node_name: str = Field(default="", alias="nodeName")
    gates: list[dict[str, str]] = Field(default=[], alias="readinessGates")


class _Metadata(BaseModel):
    deletion: str | None = Field(default=None, alias="deletionTimestamp")


class _Status(BaseModel):
    pod_ip: str = Field(default="", alias="podIP")
    conditions: list[dict[str, str | int | None]] = []


class ProbePod(BaseModel):
    metadata: _Metadata
    spec: _Spec
    status: _Status

    @property
    def stays_ready(self) -> bool:
        ready = {c["type"]: c["status"] for c in self.status.conditions}.get("Ready") == "True"
        return ready and self.metadata.deletion is None


def ready_pods(cluster: Cluster) -> list[ProbePod]:
    """Those that are ready and not on their way out."""
    items = cluster.kubectl.items("pods", "--selector=app=probe", "--namespace=probe")
    pods = [ProbePod.model_validate(item) for item in items]
    return [pod for pod in pods if pod.stays_ready]


def zones(cluster: Cluster) -> list[str]:
    """Where they stand."""
    by_name = {node.name: node.zone for node in topology.NODES.values()}
    return sorted(by_name[pod.spec.node_name] for pod in ready_pods(cluster))


def restart(cluster: Cluster) -> None:
    """Replace every pod, one by one; return when the new ones are ready."""
    cluster.kubectl("rollout", "restart", *_DEPLOYMENT)
    rolled_out(cluster)


def rolled_out(cluster: Cluster) -> None:
    cluster.kubectl("rollout", "status", *_DEPLOYMENT, "--timeout=150s", seconds=160)
