"""More load, more pods."""

import time
from contextlib import ExitStack
from functools import partial

from e2e.cluster.processes import wait_until
from e2e.drills import looks
from e2e.drills.drill import Checks
from e2e.drills.looks import IN_NAMESPACE
from e2e.drills.watched import Watched, sampled
from e2e.platform.platform import Platform
from infra.naming import RELEASE

_PODS = 2
# So many more alerts a second in each step; a fast machine needs more of them. 120 fill two
# processors, which then also have to start the new pod, and requests wait until they fail.
_STEP_RATE = 60
_STEPS = 6
_STEP_SECONDS = 45  # metrics are up to 15 s old, and the autoscaler looks every 15 s
_READY_SECONDS = 60
_AFTERWARDS = 20 * _STEP_RATE  # requests that the new pods get their share of


def hpa(platform: Platform, checks: Checks) -> None:
    """Under load the autoscaler adds pods and no request fails; its spec allows the way down."""
    began, restarts = time.time(), looks.restarts(platform)
    # More than two when a drill before this one made the autoscaler add a pod.
    pods = len(looks.ready(platform))
    # Pods that have just come open their connections to the database before the storm.
    with Watched(platform, Checks()) as quiet:
        quiet.more(100)
    with ExitStack() as open_:
        # First: it reads until all loads have ended.
        desired = open_.enter_context(sampled(partial(_replicas, platform), every=2))
        loads = [open_.enter_context(Watched(platform, Checks(), rate=_STEP_RATE))]
        while not _grows(platform, pods) and len(loads) < _STEPS:
            loads.append(open_.enter_context(Watched(platform, Checks(), rate=_STEP_RATE)))
        grown = _has_grown(platform, pods)
        checks.note(seconds=time.time() - began, rate=_STEP_RATE * len(loads))
        loads[-1].more(_AFTERWARDS)
    checks.note(
        replicas_max=max(desired),
        restarts=looks.restarts_since(platform, restarts),
        requests=sum(watched.load.report.requests for watched in loads),
        failed_requests=sum(watched.load.report.failed for watched in loads),
    )
    checks.require(
        grown,
        f"{checks.figures['rate']} alerts a second did not bring more than {pods} ready pods",
    )
    # docs/adr/0032-hung-servers.md: a busy server is not taken for a hung one.
    checks.require(not checks.figures["restarts"], "busy pods were restarted")
    for watched in loads:
        watched.require_none_failed()
    _require_way_down(platform, checks)


def _grows(platform: Platform, pods: int) -> bool:
    return wait_until(lambda: _replicas(platform) > pods, seconds=_STEP_SECONDS, every=1)


def _has_grown(platform: Platform, pods: int) -> bool:
    return wait_until(lambda: len(looks.ready(platform)) > pods, seconds=_READY_SECONDS, every=1)


def _require_way_down(platform: Platform, checks: Checks) -> None:
    """Read it only: the autoscaler waits five minutes before it takes a pod away."""
    spec = looks.item(platform, "hpa", RELEASE)["spec"]
    checks.require(spec["minReplicas"] == _PODS, f"it would go down to {spec['minReplicas']}")
    down = spec.get("behavior", {}).get("scaleDown", {}).get("selectPolicy", "Max")
    checks.require(down != "Disabled", "its spec forbids the way down")


def _replicas(platform: Platform) -> int:
    path = "--output=jsonpath={.spec.replicas}"
    return int(platform.kubectl("get", f"deployment/{RELEASE}", IN_NAMESPACE, path))
