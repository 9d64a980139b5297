"""One API pod deleted, killed or hung, under alerts."""

import signal
import time
from functools import partial

from e2e.cluster.processes import wait_until
from e2e.drills import looks
from e2e.drills.drill import Checks
from e2e.drills.looks import IN_NAMESPACE, eventually
from e2e.drills.watched import Watched
from e2e.platform.deployed import Deployed
from e2e.platform.pods import Pod

_PODS = 2
_KILLED_WINDOW = 5  # seconds until the endpoint of a dead process is withdrawn
_REPLACED = 20
_TOLD_SECONDS = 15  # events come later than what they describe


def pod_kill(platform: Deployed, checks: Checks) -> None:
    """A deleted pod costs no request; a killed process only until its endpoint is withdrawn.

    Seen red without preStop and with a server that closes its socket at SIGTERM: 32 requests
    failed. Without preStop alone none did, because the backend drains for up to 5 s by itself.
    """
    with Watched(platform, checks) as watched:
        _delete_gracefully(platform)
        watched.more(100)
        _lose_a_server(platform, checks, watched, signal.SIGKILL)
    window = checks.figures["window_s"]
    checks.require(
        isinstance(window, float) and window < _KILLED_WINDOW,
        f"requests failed until {window} s after the kill: {_KILLED_WINDOW} s are allowed",
    )


def pod_hang(platform: Deployed, checks: Checks) -> None:
    """A stopped server is restarted by its liveness probe, and nothing accepted is lost.

    Seen red with the usual probe (every 10 s, three failures, the pod's own grace) and no preStop:
    back after 75.4 s. With preStop it took 85 s.
    """
    with Watched(platform, checks) as watched:
        victim, lost = _lose_a_server(platform, checks, watched, signal.SIGSTOP)
        _require_liveness(platform, checks, victim, lost)


def _delete_gracefully(platform: Deployed) -> None:
    victim = looks.pod_in(platform, looks.BOTH_ZONES[0])
    platform.kubectl("delete", "pod", victim.name, IN_NAMESPACE, "--wait=false")
    eventually(
        f"pod {victim.name} is gone and another one ready",
        lambda: (
            victim.uid not in {pod.uid for pod in platform.pods()}
            and len(looks.ready(platform)) >= _PODS
        ),
        seconds=180,
    )


def _lose_a_server(
    platform: Deployed, checks: Checks, watched: Watched, number: signal.Signals
) -> tuple[Pod, float]:
    """Give the pod whose server was lost, and when (epoch)."""
    victim = looks.pod_in(platform, looks.BOTH_ZONES[1])
    lost = platform.signal_server(victim.name, number)
    came_back = wait_until(partial(_is_back, platform, victim), seconds=180, every=0.2)
    recovered = time.time() - lost
    watched.more(200)
    checks.note(window_s=watched.load.report.window_since(lost), recovered_s=recovered)
    early = watched.failed_before(lost - 1)
    checks.require(not early, f"{early} requests failed while nothing was broken")
    checks.require(came_back, f"{victim.name} was not restarted within 180 s")
    checks.require(
        recovered < _REPLACED, f"the server was back after {recovered:.1f} s, not {_REPLACED}"
    )
    return victim, lost


def _require_liveness(platform: Deployed, checks: Checks, victim: Pod, lost: float) -> None:
    """By the pod's events: the probe failed, and the kubelet killed the container for it."""
    found: list[float] = []

    def told(reason: str, words: str) -> bool:
        found[:] = looks.events(platform, victim, reason, words, since=lost)
        return bool(found)

    for reason, words in (("Unhealthy", "liveness probe failed"), ("Killing", "liveness probe")):
        checks.require(
            wait_until(partial(told, reason, words), seconds=_TOLD_SECONDS, every=1),
            f"no event {reason} of {victim.name} says: {words}",
        )
    checks.note(detected_s=max(0.0, min(found) - lost))


def _is_back(platform: Deployed, victim: Pod) -> bool:
    """The same pod, with a new process in it, and ready."""
    return any(
        pod.uid == victim.uid and pod.restarts > victim.restarts and pod.ready
        for pod in platform.pods()
    )
