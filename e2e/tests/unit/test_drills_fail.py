"""A drill fails when it must: what a green run on a real cluster cannot show."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, cast

import pytest

from e2e.cluster.errors import ClusterError
from e2e.drills import looks
from e2e.drills.deployment import stack
from e2e.drills.drill import Checks, DrillFailed
from e2e.drills.failures import database
from e2e.drills.monitoring import correlation, health, signals, third_party
from e2e.drills.releases import upgrades
from e2e.drills.watched import Watched
from e2e.load.load import Failed, Report
from e2e.platform.errors import PlatformError
from e2e.platform.platform import Platform
from e2e.platform.pods import Pod
from e2e.platform.third_party import Release

Tree = Mapping[str, Any]

IN_ORDER = (
    "kubernetes:helm.sh/v3:Release",
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:rds/instance:Instance",
    "eks:index:Cluster",
    "aws:ec2/subnet:Subnet",
    "aws:ec2/subnet:Subnet",
    "aws:ec2/vpc:Vpc",
)
POD: Tree = {
    "metadata": {"name": "kps-0", "uid": "1", "creationTimestamp": ""},
    "spec": {"containers": [{"resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}]},
    "status": {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [{"restartCount": 0}],
    },
}
UNREADY = {**POD, "status": {**POD["status"], "conditions": []}}
RESTARTED = {**POD, "status": {**POD["status"], "containerStatuses": [{"restartCount": 2}]}}
CLAIM = {"metadata": {"name": "storage"}, "status": {"phase": "Bound"}}
NODE = {"status": {"allocatable": {"cpu": "2", "memory": "4194304Ki", "pods": "10"}}}

TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACES = f"/api/traces/{TRACE}"


def _targets(*jobs: str, health: str = "up") -> Tree:
    found = [
        {"health": health, "scrapePool": job, "lastError": "refused", "labels": {"job": job}}
        for job in jobs
    ]
    return {"/api/v1/targets": {"activeTargets": found}}


def _rules(name: str, health: str = "ok") -> Tree:
    rule = {"name": name, "health": health, "type": "alerting", "lastError": "no such function"}
    return {"/api/v1/rules": {"groups": [{"rules": [rule]}]}}


HEALTHY = {
    "pods": [POD],
    "persistentvolumeclaims": [CLAIM],
    "nodes": [NODE],
    **_targets("backend", "jaeger"),
    **_rules("BackendDown"),
    "/api/v1/query_exemplars": [{"exemplars": [{"labels": {"trace_id": TRACE}}]}],
    TRACES: [{"spans": [{"tags": [{"key": "db.system.name"}]}]}],
}


class FakePlatform:
    """Answers what a case gives. It is its own kubectl and Prometheus."""

    def __init__(self, answers: Tree) -> None:
        self._answers = {**HEALTHY, **answers}
        self.kubectl = self

    def helm(self, *_: str) -> str:
        return ""

    def items(self, kind: str, *_: str) -> Any:
        return self._answers[kind]

    def data(self, path: str, **_: object) -> Any:
        if (found := self._answers[path]) is None:
            raise PlatformError(f"GET {path} answered 404")
        return found


@pytest.mark.parametrize(
    ("drill", "answers", "sentence"),
    [
        (health.monitoring, {"pods": [UNREADY]}, "all pods of the monitoring stack are ready"),
        (health.monitoring, {"pods": [RESTARTED]}, "restarted: kps-0"),
        (health.monitoring, {"persistentvolumeclaims": []}, "without a volume"),
        (
            health.monitoring,
            {"persistentvolumeclaims": [{**CLAIM, "status": {"phase": "Pending"}}]},
            "without a volume: storage",
        ),
        (health.monitoring, {"pods": [POD, POD]}, "100% of the nodes' cpu"),
        (health.scraped, _targets(), "all targets are up"),
        (health.scraped, _targets("coredns", health="down"), "all targets are up"),
        (health.scraped, _targets("backend"), "not among the targets: jaeger"),
        (health.scraped, _rules("BackendDown", "err"), "BackendDown: no such function"),
        (health.scraped, _rules("Watchdog"), "none of the 1 rules is the backend's"),
        (correlation.correlated, {"/api/v1/query_exemplars": []}, "traces is an exemplar of"),
        (correlation.correlated, {TRACES: None}, "the trace is not in Jaeger"),
        (correlation.correlated, {TRACES: [{"spans": [{"tags": []}]}]}, "no span of 1"),
    ],
)
def test_a_drill_of_the_monitoring_stack_fails_when_it_must(
    monkeypatch: pytest.MonkeyPatch,
    drill: Callable[[Platform, Checks], None],
    answers: Tree,
    sentence: str,
) -> None:
    for module, name in (
        (health, "_READY_SECONDS"),
        (health, "_SCRAPED_SECONDS"),
        (correlation, "_PAUSE_SECONDS"),
        (correlation, "_ARRIVAL_SECONDS"),
    ):
        monkeypatch.setattr(module, name, 0)
    monkeypatch.setattr(correlation, "_EXEMPLAR_SECONDS", 0.1)
    monkeypatch.setattr(correlation, "_request", lambda _: TRACE)
    for program in ("prometheus", "jaeger"):
        monkeypatch.setattr(signals, program, nullcontext)
    with pytest.raises(DrillFailed, match=sentence):
        drill(cast("Platform", FakePlatform(answers)), Checks())


@pytest.mark.parametrize(("first", "then"), [(0, 3), (1, 4), (2, 5), (3, 4), (5, 6)])
def test_what_goes_too_early_fails_the_drill_destroy(first: int, then: int) -> None:
    stack.require_order(Checks(), IN_ORDER)
    types = [*IN_ORDER]
    types.insert(first, types.pop(then))
    with pytest.raises(DrillFailed, match="went before"):
        stack.require_order(Checks(), types)


def test_a_refused_chart_fails_the_drill_after_the_others_were_tried() -> None:
    tried: list[str] = []

    def takes(release: Release) -> int:
        tried.append(release.name)
        if release.name == "kps":
            raise ClusterError("`kubectl apply` failed: kps has no field sotrageSpec")
        return 7

    server = SimpleNamespace(takes=takes, has=nullcontext)
    names = ("prometheus-operator-crds", "kps", "loki")
    plan = [Release(name, "monitoring", name, "1.0.0", {}) for name in names]
    checks = Checks()
    with pytest.raises(DrillFailed, match=r"kps of dev: .* sotrageSpec; kps of prod: "):
        third_party.try_out(cast("Any", server), dict.fromkeys(third_party.STACKS, plan), checks)
    assert checks.figures["objects_dev"] == 14
    assert tried == [*names, *names]


def _watched(begun: Sequence[float], *failures: Failed) -> Watched:
    watched = object.__new__(Watched)
    watched.load = cast("Any", SimpleNamespace(report=Report(list(begun), list(failures))))
    return watched


@pytest.mark.parametrize(
    ("failures", "others", "sentence"),
    [
        ([Failed(at, "status 503") for at in range(1196, 1305)], {}, ""),
        ([Failed(1250, "timeout")], {}, "not only 503"),
        ([Failed(1050, "status 503")], {}, "before the password was changed"),
        ([Failed(at, "status 503") for at in range(1100, 1150)], {}, "only 50% were served"),
        ([Failed(1311, "status 503")], {}, "503 until 11.0 s after"),
        ([], {"connections_cut": 0}, "no open connection"),
        ([], {"restarts": 1}, "1 restarts"),
    ],
)
def test_a_rotation_may_fail_only_for_want_of_a_connection_until_the_file_is_mounted(
    failures: Sequence[Failed], others: Mapping[str, int], sentence: str
) -> None:
    checks = Checks({"connections_cut": 5, "restarts": 0, **others})
    with pytest.raises(DrillFailed, match=sentence) if sentence else nullcontext():
        database._require_rotation(
            checks, _watched(range(1000, 1400), *failures), rotated=1100, cut=1200, mounted=1300
        )


@pytest.mark.parametrize(
    "tags", [{}, {"a": "new"}, {"b": "old"}, {"b": "new", "c": "old"}], ids=str
)
def test_a_release_that_does_not_reach_every_pod_fails(
    monkeypatch: pytest.MonkeyPatch, tags: Mapping[str, str]
) -> None:
    monkeypatch.setattr(upgrades, "_ROLLED_SECONDS", 0)
    monkeypatch.setattr(looks, "pod_tags", lambda _: tags)
    with pytest.raises(DrillFailed, match="not all pods are new and run"):
        upgrades._require_rolled(cast("Platform", None), Checks(), {"a": "old"}, "new")


@pytest.mark.parametrize(
    ("now", "leaving", "count"),
    [
        ({"a": 1, "b": 0}, "", 0),
        ({"a": 2, "b": 0}, "", 1),
        ({"a": 1, "b": 0, "c": 2}, "", 2),
        ({"a": 1}, "", 0),
        # The sum of what there is would be smaller than before.
        ({"b": 0, "c": 0}, "", 1),
        ({"c": 0, "d": 1}, "", 3),
        ({"a": 1, "b": 0, "c": 0}, "a", 1),
    ],
    ids=["same", "restarted", "added", "fewer", "replaced", "all replaced", "being replaced"],
)
def test_restarts_are_counted_by_pod(now: Mapping[str, int], leaving: str, count: int) -> None:
    pods = [Pod(uid, uid, "a", "", True, uid == leaving, number, "") for uid, number in now.items()]
    platform = cast("Platform", SimpleNamespace(pods=lambda: pods))
    assert looks.restarts_since(platform, {"a": 1, "b": 0}) == count
