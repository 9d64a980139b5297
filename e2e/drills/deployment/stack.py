"""The program on the real engine: preview, up, again, refresh, destroy."""

import time
from collections.abc import Sequence

from e2e.deploy.engine.result import Result
from e2e.drills import looks
from e2e.drills.drill import Checks
from e2e.platform.deployed import Deployed
from e2e.platform.pods import SELECTOR
from infra.naming import ADMIN_TOKEN_KEY, AUTH_SECRET, NAMESPACE, RELEASE

_DATABASE = "aws:rds/instance:Instance"
_CLUSTER = "eks:index:Cluster"
_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
_VPC = "aws:ec2/vpc:Vpc"
_SUBNET = "aws:ec2/subnet:Subnet"
_RELEASE = "kubernetes:helm.sh/v3:Release"
_BOTH_ZONES_SECONDS = 60


def preview(platform: Deployed, checks: Checks) -> None:
    """`pulumi preview` of an empty stack says what would be made, and makes nothing."""
    result = platform.engine.preview()
    checks.note(resources=result.changes.get("create", 0), seconds=result.seconds)
    _require_created(checks, result, "would")
    there = platform.remains()
    checks.require(not there, f"a preview made {len(there)} resources, {there[:1]} first")


def up(platform: Deployed, checks: Checks) -> None:
    """`pulumi up` of an empty stack; its outputs are enough to send an alert and read it back.

    Seen red on a quick machine: an installation begins with one pod, and 41 s after its beginning
    nobody had made the second one yet.
    """
    result = platform.engine.up()
    checks.note(resources=result.changes.get("create", 0), seconds=result.seconds)
    _require_created(checks, result)
    outputs = platform.engine.outputs()
    names = (outputs["namespace"], outputs["release"], outputs["authSecret"])
    checks.require(names == (NAMESPACE, RELEASE, AUTH_SECRET), f"outputs name {names}")
    held = looks.item(platform, "secret", outputs["authSecret"])["data"]
    checks.require(ADMIN_TOKEN_KEY in held, f"{AUTH_SECRET} holds {sorted(held)} and no token")
    checks.require(
        outputs["url"] == platform.url,
        f"the output url is {outputs['url']}, the load balancer is {platform.url}",
    )
    alerts = platform.alerts()
    with platform.load(alerts, rate=5, limit_seconds=2) as load:
        load.wait_for(10)
    checks.require(load.report.failures == [], f"alerts failed: {load.report.kinds}")
    checks.require(len(alerts.accepted) == 10, f"{len(alerts.accepted)} of 10 were accepted")
    lost = alerts.lost(outputs["url"])
    checks.require(not lost, f"{len(lost)} of 10 alerts cannot be read back")
    checks.note(both_zones_s=_seconds_until_both_zones(platform))
    pods = platform.kubectl.items("pods", looks.IN_NAMESPACE, SELECTOR)
    gated = [pod["spec"].get("readinessGates") for pod in pods]
    checks.require(all(gated), "an API pod has no readiness gate: a release would cost requests")


def _require_created(checks: Checks, result: Result, would: str = "did") -> None:
    """Everything is new; but what EKS made again is taken over."""
    taken_over = {"import", "update"} if result.changes.get("import") == 1 else set()
    expected = {"create"} | taken_over
    checks.require(set(result.changes) == expected, f"it {would} not only create: {result}")


def _seconds_until_both_zones(platform: Deployed) -> float:
    """Wait for the second pod. Helm accepts the one that a Deployment has at first.

    The chart may not set `replicas`, which is the autoscaler's, and that raises it to two at its
    first turn, up to 15 s later; a quick `up` does not wait for it, and the pod then has to start.
    """
    began = time.monotonic()
    looks.eventually(
        "API pods are ready in both zones",
        lambda: looks.in_both_zones(platform),
        seconds=_BOTH_ZONES_SECONDS,
    )
    return time.monotonic() - began


def up_again(platform: Deployed, checks: Checks) -> None:
    """A second `pulumi up` changes nothing."""
    _require_unchanged(checks, platform.engine.up())


def refresh(platform: Deployed, checks: Checks) -> None:
    """`pulumi refresh` finds nothing changed, and the `up` after it changes nothing."""
    _require_unchanged(checks, platform.engine.refresh(), platform.engine.up())


def _require_unchanged(checks: Checks, *results: Result) -> None:
    checks.note(changes=sum(result.changed for result in results))
    changed = [
        f"{operation.op} {operation.name}" for result in results for operation in result.operations
    ]
    checks.require(checks.figures["changes"] == 0, f"changed: {', '.join(changed[:5])}")


def destroy(platform: Deployed, checks: Checks) -> None:
    """`pulumi destroy` goes in reverse order and leaves nothing, in the cloud or in the cluster."""
    result = platform.engine.destroy()
    left = [*platform.remains(), *map(str, platform.engine.checkpoint().resources)]
    checks.note(resources_left=len(left), deleted=result.changes.get("delete", 0))
    checks.require(not left, f"left: {', '.join(left[:5])}")
    require_order(checks, [step.type for step in result.operations if step.op == "delete"])


def require_order(checks: Checks, deleted: Sequence[str]) -> None:
    """What needs something else goes before it, to its last piece."""
    for first, then in (
        (_RELEASE, _CLUSTER),
        (_DATABASE, _SUBNET),
        (_BALANCER, _SUBNET),
        (_CLUSTER, _SUBNET),
        (_SUBNET, _VPC),
    ):
        rest = deleted[deleted.index(then) :]
        checks.require(first in deleted and first not in rest, f"{then} went before {first}")
