"""A node lost, and a node emptied. Here a node is an availability zone."""

import time

from e2e.drills import looks
from e2e.drills.drill import Checks
from e2e.drills.looks import eventually
from e2e.drills.watched import Watched, sampled
from e2e.load_balancer.target_group import TargetGroup
from e2e.platform.platform import Platform

_TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
_DRAIN = ("--ignore-daemonsets", "--delete-emptydir-data", "--timeout=300s")
_RESCHEDULED = 90
_PODS = 2
# Of the requests that the pods in the zone that is left should get, with a margin.
_SERVED = 0.8


def node_kill(platform: Platform, checks: Checks) -> None:
    """A power cut: the other zone serves, pods move there, the next release is in both.

    Seen red while pods tolerated a lost node for 20 s instead of 10: ready elsewhere after 86 to
    100 s.
    """
    # Before the power cut: a dead node gets no images, and needs this one when it is back.
    platform.image("after-the-power-cut")
    [group] = platform.world.all(_TARGET_GROUP)
    allowed = TargetGroup.load(platform.world.path(group.type, group.id)).failure_window
    checks.note(window_allowed_s=allowed)
    node = platform.cluster.node("b")
    try:
        with Watched(platform, checks) as watched:
            # Not half, if the autoscaler has added a third pod.
            zones = looks.zones(platform)
            share = zones.count(looks.BOTH_ZONES[0]) / len(zones)
            lost = time.time()
            node.kill()
            eventually(
                "at least two API pods are ready, all in the zone that is left",
                lambda: _all_in(platform, looks.BOTH_ZONES[0]),
                seconds=180,
            )
            rescheduled = time.time() - lost
            checks.note(rescheduled_s=rescheduled)
            # All failures are over by then, if the target group does what it says.
            time.sleep(max(0.0, allowed - rescheduled))
            watched.more(100)
            checks.note(recovered_s=_bring_back(platform))
    finally:
        if not node.running:
            node.start()
    early = watched.failed_before(lost - 1)
    checks.require(not early, f"{early} requests failed before the power cut")
    # Until the load has ended, which was after the node's return and the release.
    window = watched.load.report.window_since(lost)
    served = watched.served_between(lost, lost + window)
    checks.note(window_s=window, share=share, served_in_window=served)
    checks.require(
        served >= _SERVED * share,
        f"the other zone, with {share:.0%} of the pods, served only {served:.0%} of the requests",
    )
    checks.require(
        window <= allowed,
        f"requests failed until {window:.1f} s after the power cut, {allowed:.0f} s are explained",
    )
    checks.require(rescheduled < _RESCHEDULED, f"pods were ready after {rescheduled:.1f} s")


def drain(platform: Platform, checks: Checks) -> None:
    """Nodes are emptied one after the other, the second with both pods: no request fails.

    Seen red without preStop and with a disruption budget of two: no pod was ready, and 158 of 1,261
    requests failed.
    """
    platform.image("after-the-drain")
    count_ready = sampled(lambda: len(looks.ready(platform)), every=0.5)
    with Watched(platform, checks) as watched, count_ready as counts:
        for letter in "ab":
            name = platform.cluster.node(letter).name
            try:
                platform.kubectl("drain", name, *_DRAIN, seconds=320)
                eventually(
                    f"two API pods are ready, none of them on {name}",
                    lambda: len(looks.ready(platform)) >= _PODS,
                    seconds=120,
                )
                watched.more(50)
            finally:
                platform.kubectl("uncordon", name)
        platform.release("after-the-drain")
    fewest = min(counts)
    checks.note(fewest_ready=fewest)
    checks.require(fewest >= 1, "the disruption budget let all pods go at once: none was ready")
    zones = looks.zones(platform)
    checks.require(looks.in_both_zones(platform), f"after the next release pods stand in {zones}")
    watched.require_none_failed()


def _all_in(platform: Platform, zone: str) -> bool:
    """The autoscaler may have added a pod by then: a busy machine has slow requests."""
    zones = looks.zones(platform)
    return len(zones) >= _PODS and set(zones) == {zone}


def _bring_back(platform: Platform) -> float:
    """Power on and release; give the seconds until pods stand in both zones."""
    began = time.time()
    platform.cluster.node("b").start()
    platform.cluster.wait_for_nodes()
    platform.release("after-the-power-cut")
    eventually("pods stand in both zones", lambda: looks.in_both_zones(platform), seconds=30)
    return time.time() - began
