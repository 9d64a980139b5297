"""The monitoring stack as it stands: pods, volumes, room on the nodes; targets and rules."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from e2e.drills import looks
from e2e.drills.drill import Checks
from e2e.drills.monitoring import signals
from e2e.platform.platform import Platform
from e2e.platform.pods import Pod
from infra import naming
from infra.validation.pod_requests import NodeResources
from tests.support.pod_requests import mebibytes, millicores

# Two intervals of scraping, and what a new pod takes to be discovered.
_SCRAPED_SECONDS = 150
_READY_SECONDS = 120
_MOST_SHARE = 0.85
_SHARES = ("cpu", "memory", "places")
_DONE = {"Succeeded", "Failed"}
_OURS = {"backend": "ServiceMonitor of the API", "jaeger": "Jaeger's own metrics"}

_Item = Mapping[str, Any]


def monitoring(platform: Platform, checks: Checks) -> None:
    """Everything that `pulumi up` installed runs, has its volume, and leaves room on the nodes."""
    kubectl = platform.kubectl
    releases = platform.helm("list", signals.IN_MONITORING, "--short", "--deployed").split()
    checks.note(releases=len(releases))
    looks.eventually(
        "all pods of the monitoring stack are ready",
        lambda: all(map(_is_ready_or_done, kubectl.items("pods", signals.IN_MONITORING))),
        seconds=_READY_SECONDS,
    )
    pods = kubectl.items("pods", signals.IN_MONITORING)
    running = [Pod.of(pod, {}) for pod in pods if pod["status"]["phase"] == "Running"]
    restarted = [pod.name for pod in running if pod.restarts]
    checks.note(pods=len(running), restarts=sum(pod.restarts for pod in running))
    checks.require(not restarted, f"restarted: {', '.join(restarted)}")
    claims = kubectl.items("persistentvolumeclaims", signals.IN_MONITORING)
    unbound = [each["metadata"]["name"] for each in claims if each["status"]["phase"] != "Bound"]
    checks.note(volumes=len(claims) - len(unbound))
    checks.require(claims and not unbound, f"claims without a volume: {', '.join(unbound)}")
    _note_room(platform, checks)


def _note_room(platform: Platform, checks: Checks) -> None:
    """Compare what all pods of the cluster ask for with what the nodes give."""
    kubectl = platform.kubectl
    pods = kubectl.items("pods", "--all-namespaces")
    nodes = kubectl.items("nodes")
    asked = _sum(_requests(pod) for pod in pods if pod["status"]["phase"] not in _DONE)
    there = _sum(_resources(node["status"]["allocatable"]) for node in nodes)
    shares = asked.share_of(there).values()  # of processors, memory and places for pods
    for name, share in zip(_SHARES, shares, strict=True):
        checks.note(**{name: f"{share:.0%}"})
        checks.require(share <= _MOST_SHARE, f"pods ask for {share:.0%} of the nodes' {name}")
    top = kubectl("top", "pods", signals.IN_MONITORING, "--no-headers", check=False)
    used = sum(mebibytes(line.split()[2]) for line in top.splitlines())
    checks.note(monitoring_uses_mib=used)


def _requests(pod: _Item) -> NodeResources:
    """Add up the requests of a pod's containers; init containers need no room beside them."""
    containers = pod["spec"]["containers"]
    requests = [each.get("resources", {}).get("requests", {}) for each in containers]
    return _sum([NodeResources(0, 0, 1), *map(_resources, requests)])


def _sum(parts: Iterable[NodeResources]) -> NodeResources:
    columns = zip(*((part.cpu, part.memory, part.pods) for part in parts), strict=True)
    return NodeResources(*map(sum, columns))


def _resources(amounts: Mapping[str, str]) -> NodeResources:
    cpu, memory = millicores(amounts.get("cpu", "0")), mebibytes(amounts.get("memory", "0Mi"))
    return NodeResources(cpu, memory, pods=int(amounts.get("pods", 0)))


def scraped(platform: Platform, checks: Checks) -> None:
    """Every target of the stack is up in Prometheus, and every rule evaluates.

    Seen red while the cluster's DNS showed no metrics: 2 of 26 targets were down after 150 s.
    """
    with signals.prometheus(platform) as api:
        looks.eventually(
            "all targets are up", lambda: not _down(api), seconds=_SCRAPED_SECONDS, every=5
        )
        targets = _targets(api)
        jobs = Counter(str(each["labels"]["job"]) for each in targets)
        checks.note(targets=len(targets), jobs=len(jobs))
        missing = [f"{job} ({what})" for job, what in _OURS.items() if job not in jobs]
        checks.require(not missing, f"not among the targets: {', '.join(missing)}")
        groups: list[_Item] = api.data("/api/v1/rules")["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        ill = [f"{one['name']}: {one.get('lastError')}" for one in rules if one["health"] == "err"]
        checks.note(rules=len(rules), alerts=sum(rule["type"] == "alerting" for rule in rules))
        checks.require(rules and not ill, f"rules do not evaluate: {'; '.join(ill[:3])}")
        ours = [rule for rule in rules if rule["name"].startswith("Backend")]
        checks.require(ours, f"none of the {len(rules)} rules is the backend's")
        checks.note(series=int(api.data("/api/v1/query", query=_SERIES)["result"][0]["value"][1]))


_SERIES = f'prometheus_tsdb_head_series{{namespace="{naming.MONITORING_NAMESPACE}"}}'


def _targets(api: signals.Api) -> list[_Item]:
    found: list[_Item] = api.data("/api/v1/targets", state="active")["activeTargets"]
    return found


def _down(api: signals.Api) -> list[str]:
    targets = _targets(api)
    down = [
        f"{each['scrapePool']}: {each['lastError']}" for each in targets if each["health"] != "up"
    ]
    return down if targets else ["there are no targets"]


def _is_ready_or_done(pod: _Item) -> bool:
    return bool(pod["status"]["phase"] == "Succeeded" or Pod.of(pod, {}).ready)
