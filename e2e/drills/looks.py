"""What drills read: pods, zones, the release and its values; and how they ask the backend."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import httpx2

from e2e.cluster.processes import wait_until
from e2e.drills.drill import DrillFailed
from e2e.platform.deployed import Deployed
from e2e.platform.pods import SELECTOR, Pod
from infra.naming import NAMESPACE, RELEASE

BOTH_ZONES = ["us-east-1a", "us-east-1b"]
IN_NAMESPACE = f"--namespace={NAMESPACE}"


def ready(platform: Deployed) -> list[Pod]:
    return [pod for pod in platform.pods() if pod.ready]


def zones(platform: Deployed) -> list[str]:
    """Where ready API pods stand."""
    return sorted(pod.zone for pod in ready(platform))


def in_both_zones(platform: Deployed) -> bool:
    return sorted(set(zones(platform))) == BOTH_ZONES


def pod_in(platform: Deployed, zone: str) -> Pod:
    return next(pod for pod in ready(platform) if pod.zone == zone)


def restarts(platform: Deployed) -> Mapping[str, int]:
    """Restarts of each API pod that is to stay, by uid, for `restarts_since`."""
    return {pod.uid: pod.restarts for pod in platform.pods() if not pod.leaving}


def restarts_since(platform: Deployed, before: Mapping[str, int]) -> int:
    """How often containers were started again; a pod in the place of another one counts too.

    Pods that the autoscaler only added or only took away do not.
    """
    now = restarts(platform)
    replaced = min(len(before.keys() - now.keys()), len(now.keys() - before.keys()))
    return replaced + sum(count - before.get(uid, 0) for uid, count in now.items())


def events(platform: Deployed, pod: Pod, reason: str, words: str, *, since: float) -> list[float]:
    """When (epoch) there last were events of a pod with that reason and words (lower case)."""
    about = f"--field-selector=involvedObject.uid={pod.uid}"
    items = platform.kubectl.items("events", IN_NAMESPACE, about)
    times = [
        datetime.fromisoformat(item["lastTimestamp"]).timestamp()
        for item in items
        if item["reason"] == reason and words in item["message"].lower()
    ]
    return [at for at in times if at >= since - 1]  # events have whole seconds


def pod_tags(platform: Deployed) -> Mapping[str, str]:
    """Tag that each API pod that is to stay was made with, by uid."""
    items = platform.kubectl.items("pods", IN_NAMESPACE, SELECTOR)
    return {
        item["metadata"]["uid"]: item["spec"]["containers"][0]["image"].rpartition(":")[2]
        for item in items
        if "deletionTimestamp" not in item["metadata"]
    }


def image_tag(platform: Deployed) -> str:
    """Tag that the API's Deployment asks for."""
    path = "--output=jsonpath={.spec.template.spec.containers[0].image}"
    image = platform.kubectl("get", f"deployment/{RELEASE}", IN_NAMESPACE, path)
    return image.rpartition(":")[2]


def values(platform: Deployed, *, revision: int | None = None) -> Mapping[str, Any]:
    """Values that somebody gave the release: Pulumi's, and the tag of `make release`."""
    which = [] if revision is None else [f"--revision={revision}"]
    answer = platform.helm("get", "values", RELEASE, IN_NAMESPACE, "--output=json", *which)
    given: Mapping[str, Any] | None = json.loads(answer)
    return given or {}


def history(platform: Deployed) -> list[Mapping[str, Any]]:
    """Revisions of the release, the newest last."""
    answer = platform.helm("history", RELEASE, IN_NAMESPACE, "--output=json")
    revisions: list[Mapping[str, Any]] = json.loads(answer)
    return revisions


def call(platform: Deployed, path: str, body: object = None, **headers: str) -> Mapping[str, Any]:
    """Ask the backend as an administrator; give its parsed answer."""
    method, url = "GET" if body is None else "POST", platform.url + path
    known = {"authorization": f"Bearer {platform.token}"}
    answer = httpx2.request(
        method, url, json=body, headers=known | headers, timeout=10, trust_env=False
    )
    content: Mapping[str, Any] = answer.raise_for_status().json()
    return content


def item(platform: Deployed, kind: str, name: str) -> Mapping[str, Any]:
    """Give an object of the backend's namespace."""
    return platform.kubectl.get(kind, name, IN_NAMESPACE)


def eventually(
    what: str, condition: Callable[[], bool], *, seconds: float, every: float = 0.5
) -> None:
    """Wait for it; a drill that waits in vain has failed."""
    if not wait_until(condition, seconds=seconds, every=every):
        raise DrillFailed(f"after {seconds:.0f} s still not so: {what}")
