"""More load, more pods."""

import time

from infra.naming import RELEASE
from tests.e2e.cluster.processes import wait_until
from tests.e2e.drills import looks
from tests.e2e.drills.drill import Checks, Figures
from tests.e2e.drills.looks import IN_NAMESPACE
from tests.e2e.drills.watched import Watched
from tests.e2e.platform.platform import Platform

_PODS = 2
_RATE = 120
_SECONDS = 180


def hpa(platform: Platform) -> Figures:
    """Under load the autoscaler adds pods; that it takes them away again is in its spec."""
    checks = Checks()
    began, restarts = time.time(), looks.restarts(platform)
    with Watched(platform, checks, rate=_RATE):
        grown = wait_until(lambda: len(looks.ready(platform)) > _PODS, seconds=_SECONDS, every=1)
        checks.note(seconds=time.time() - began, replicas_max=_replicas(platform))
    checks.note(restarts=looks.restarts(platform) - restarts)
    checks.require(grown, f"there were not more than {_PODS} ready pods within {_SECONDS} s")
    # docs/adr/0032-hung-servers.md: a busy server is not taken for a hung one.
    checks.require(not checks.figures["restarts"], "busy pods were restarted")
    spec = looks.item(platform, "hpa", RELEASE)["spec"]
    checks.require(spec["minReplicas"] == _PODS, f"it would go down to {spec['minReplicas']}")
    down = spec.get("behavior", {}).get("scaleDown", {}).get("selectPolicy", "Max")
    checks.require(down != "Disabled", "its spec forbids the way down")
    return checks.figures


def _replicas(platform: Platform) -> int:
    path = "--output=jsonpath={.spec.replicas}"
    return int(platform.cluster.kubectl("get", f"deployment/{RELEASE}", IN_NAMESPACE, path))
