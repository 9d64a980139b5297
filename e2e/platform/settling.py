"""Repairs what a drill has left, as an operator would, until everything is as after `up`."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from e2e.cluster import topology
from e2e.cluster.cluster import Cluster
from e2e.cluster.kubectl import Kubectl
from e2e.cluster.processes import wait_until
from e2e.deploy.cloud.world import World
from e2e.platform.commands import Commands
from e2e.platform.errors import PlatformError
from e2e.platform.pods import pods
from infra.naming import NAMESPACE, RELEASE

REPLICAS = 2
_IN_NAMESPACE = f"--namespace={NAMESPACE}"
_ALL_ZONES = {node.zone for node in topology.NODES.values()}
# A pod of a rolling update: start, health check and gate, and the old one's grace period.
_READY_SECONDS = 240
_HEALTHY_SECONDS = 120
_ROLLED_BACK_SECONDS = 300


def mend_machines(cluster: Cluster, world: World) -> None:
    """Bring back database and nodes."""
    world.heal()
    world.postgres.start()
    for letter in topology.NODES:
        if not cluster.node(letter).running:
            cluster.node(letter).start()
    cluster.wait_for_nodes()
    for node in cluster.nodes():
        cluster.kubectl("uncordon", node.name)


def mend_release(commands: Commands, patience: float) -> None:
    """Go back to the last release that was deployed whole, when the newest was not."""
    history = json.loads(commands.helm("history", RELEASE, _IN_NAMESPACE, "--output=json"))
    if (revision := last_good(history)) is not None:
        wait = ("--wait", f"--timeout={min(patience, _ROLLED_BACK_SECONDS):.0f}s")
        commands.helm("rollback", RELEASE, str(revision), _IN_NAMESPACE, *wait)


def last_good(history: Sequence[Mapping[str, Any]]) -> int | None:
    """Which revision to go back to; None when the newest is the one that runs."""
    if history[-1]["status"] == "deployed":
        return None
    whole = [each for each in history if each["status"] in {"deployed", "superseded"}]
    if not whole:
        raise PlatformError(f"no revision of {RELEASE} was ever deployed whole: run `up` again")
    return int(whole[-1]["revision"])


def spread_pods(kubectl: Kubectl, patience: float) -> None:
    """Wait for ready pods in every zone; those that all stand in one are replaced one by one.

    Nothing moves a pod back when a lost node returns: the next release does, or this.
    """
    moved: set[str] = set()

    def spread() -> bool:
        staying = [pod for pod in pods(kubectl) if not pod.leaving]
        if len(staying) < REPLICAS or not all(pod.ready for pod in staying):
            return False
        if {pod.zone for pod in staying} == _ALL_ZONES:
            return True
        youngest = staying[-1]
        if youngest.uid not in moved:
            moved.add(youngest.uid)
            kubectl("delete", "pod", youngest.name, _IN_NAMESPACE, "--wait=false")
        return False

    limit = min(patience, _READY_SECONDS)
    _require(spread, seconds=limit, what=lambda: f"pods are {'; '.join(map(str, pods(kubectl)))}")


def wait_for_targets(
    kubectl: Kubectl, targets: Callable[[], Mapping[str, str]], patience: float
) -> None:
    """Return when the load balancer sends to every ready pod, and to no other.

    `targets` gives states by address, with or without the port.
    """

    def settled() -> bool:
        # Helm returns before the last pod of the former release is told to go.
        status = kubectl.get("deployment", RELEASE, _IN_NAMESPACE)["status"]
        if status.get("replicas") != status.get("updatedReplicas"):
            return False
        states = {address.partition(":")[0]: state for address, state in targets().items()}
        # By address: beside a pod that leaves, the number is right before the last one has come.
        return states == {pod.address: "healthy" for pod in pods(kubectl) if pod.ready} != {}

    _require(
        settled,
        seconds=min(patience, _HEALTHY_SECONDS),
        what=lambda: f"targets are {dict(targets())}",
    )


def _require(condition: Callable[[], bool], *, seconds: float, what: Callable[[], str]) -> None:
    if not wait_until(condition, seconds=seconds, every=0.5):
        raise PlatformError(f"the platform did not settle in {seconds:.0f} s: {what()}")
