"""Drills of the monitoring stack turn red for each thing that they promise."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from e2e.drills import correlation, monitoring, signals
from e2e.drills.drill import DrillFailed
from e2e.platform.errors import PlatformError

POD = {
    "metadata": {"name": "loki-0"},
    "spec": {"containers": [{"resources": {"requests": {"cpu": "1", "memory": "1Gi"}}}]},
    "status": {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [{"restartCount": 0}],
    },
}
CLAIM = {"metadata": {"name": "storage-loki-0"}, "status": {"phase": "Bound"}}
NODE = {"status": {"allocatable": {"cpu": "2", "memory": "4Gi", "pods": "10"}}}
TOP = "loki-0   5m   300Mi\n"


class _Platform:
    """Stands for a platform with these objects; it is its own cluster and kubectl."""

    def __init__(self, **objects: Sequence[Mapping[str, Any]]) -> None:
        self._objects: Mapping[str, Sequence[Mapping[str, Any]]] = {
            "pods": [POD],
            "persistentvolumeclaims": [CLAIM],
            "nodes": [NODE],
            **objects,
        }
        self.token = "t"
        self.cluster = SimpleNamespace(kubectl=self)

    def helm(self, *_: str) -> str:
        return "kps\nloki\n"

    def items(self, kind: str, *_: str) -> Sequence[Mapping[str, Any]]:
        return self._objects[kind]

    def __call__(self, *_: str, **__: object) -> str:
        return TOP


def _but(status: Mapping[str, object]) -> Mapping[str, Any]:
    return {**POD, "status": {**POD["status"], **status}}  # type: ignore[dict-item]  # a map


def test_what_runs_and_what_it_asks_for() -> None:
    figures = monitoring.monitoring(_Platform())  # type: ignore[arg-type]  # as much as is used
    assert figures == {
        "releases": 2,
        "pods": 1,
        "restarts": 0,
        "volumes": 1,
        "cpu": "50%",
        "memory": "25%",
        "places": "10%",
        "monitoring_uses_mib": 300,
    }


@pytest.mark.parametrize(
    ("objects", "sentence"),
    [
        ({"pods": [_but({"conditions": []})]}, "all pods of the monitoring stack are ready"),
        ({"pods": [_but({"containerStatuses": [{"restartCount": 2}]})]}, "restarted: loki-0"),
        (
            {"persistentvolumeclaims": [{**CLAIM, "status": {"phase": "Pending"}}]},
            "without a volume: storage-loki-0",
        ),
        ({"persistentvolumeclaims": []}, "without a volume"),
        ({"pods": [POD, POD]}, "100% of the nodes' cpu"),
    ],
)
def test_a_stack_that_does_not_stand_is_red(
    monkeypatch: pytest.MonkeyPatch, objects: dict[str, Any], sentence: str
) -> None:
    monkeypatch.setattr(monitoring, "_READY_SECONDS", 0)
    with pytest.raises(DrillFailed, match=sentence):
        monitoring.monitoring(_Platform(**objects))  # type: ignore[arg-type]  # as above


class _Api:
    """Stands for a program that gives these answers by path; a None is its 404."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self._answers = answers

    def data(self, path: str, **_: object) -> Any:
        found = self._answers[path]
        if found is None:
            raise PlatformError(f"GET {path} answered 404")
        return found


def _served(monkeypatch: pytest.MonkeyPatch, program: str, answers: Mapping[str, Any]) -> None:
    @contextmanager
    def forwarded(_: object) -> Iterator[_Api]:
        yield _Api(answers)

    monkeypatch.setattr(signals, program, forwarded)


def _target(job: str, health: str = "up") -> Mapping[str, Any]:
    return {"health": health, "scrapePool": job, "lastError": "refused", "labels": {"job": job}}


def _rule(name: str, health: str = "ok") -> Mapping[str, Any]:
    return {"name": name, "health": health, "type": "alerting", "lastError": "no such function"}


def _prometheus(
    targets: Sequence[Mapping[str, Any]], rules: Sequence[Mapping[str, Any]]
) -> Mapping[str, Any]:
    return {
        "/api/v1/targets": {"activeTargets": targets},
        "/api/v1/rules": {"groups": [{"rules": rules}]},
        "/api/v1/query": {"result": [{"value": [0, "1234"]}]},
    }


OURS = [_target("backend"), _target("jaeger")]


def test_targets_and_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    _served(monkeypatch, "prometheus", _prometheus(OURS, [_rule("BackendDown")]))
    figures = monitoring.scraped(_Platform())  # type: ignore[arg-type]  # as above
    assert figures == {"targets": 2, "jobs": 2, "rules": 1, "alerts": 1, "series": 1234}


@pytest.mark.parametrize(
    ("targets", "rules", "sentence"),
    [
        ([*OURS, _target("coredns", "down")], [_rule("BackendDown")], "all targets are up"),
        ([], [_rule("BackendDown")], "all targets are up"),
        ([_target("backend")], [_rule("BackendDown")], "not among the targets: jaeger"),
        (OURS, [_rule("BackendDown", "err")], "do not evaluate: BackendDown: no such function"),
        (OURS, [_rule("Watchdog")], "none of the 1 rules is the backend's"),
    ],
)
def test_what_prometheus_does_not_see_is_red(
    monkeypatch: pytest.MonkeyPatch,
    targets: Sequence[Mapping[str, Any]],
    rules: Sequence[Mapping[str, Any]],
    sentence: str,
) -> None:
    monkeypatch.setattr(monitoring, "_SCRAPED_SECONDS", 0)
    _served(monkeypatch, "prometheus", _prometheus(targets, rules))
    with pytest.raises(DrillFailed, match=sentence):
        monitoring.scraped(_Platform())  # type: ignore[arg-type]  # as above


TRACE = "0af7651916cd43dd8448eb211c80319c"
STATEMENT = {"tags": [{"key": "db.system.name"}]}
EXEMPLARS = [{"exemplars": [{"labels": {"trace_id": TRACE}}]}]


def _everywhere(
    monkeypatch: pytest.MonkeyPatch,
    *,
    exemplars: object = EXEMPLARS,
    spans: Sequence[Mapping[str, Any]] | None = (STATEMENT,),
) -> None:
    """Let both programs say this of the one request that is sent."""
    monkeypatch.setattr(correlation, "_PAUSE_SECONDS", 0)
    monkeypatch.setattr(correlation, "_EXEMPLAR_SECONDS", 0.1)
    monkeypatch.setattr(correlation, "_ARRIVAL_SECONDS", 0)
    monkeypatch.setattr(correlation, "_request", lambda _: TRACE)
    _served(monkeypatch, "prometheus", {"/api/v1/query_exemplars": exemplars})
    trace = None if spans is None else [{"spans": spans}]
    _served(monkeypatch, "jaeger", {f"/api/traces/{TRACE}": trace})


def test_one_request_by_its_id(monkeypatch: pytest.MonkeyPatch) -> None:
    _everywhere(monkeypatch)
    figures = correlation.correlated(_Platform())  # type: ignore[arg-type]  # as above
    assert figures["spans"] == 1


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ({"exemplars": []}, "traces is an exemplar of backend_http_request_duration"),
        ({"spans": None}, "the trace in Jaeger has not arrived"),
        ({"spans": ({"tags": []},)}, "no span of 1 is of a database statement"),
    ],
)
def test_a_request_that_is_lost_on_one_of_the_ways_is_red(
    monkeypatch: pytest.MonkeyPatch, found: dict[str, Any], sentence: str
) -> None:
    _everywhere(monkeypatch, **found)
    with pytest.raises(DrillFailed, match=sentence):
        correlation.correlated(_Platform())  # type: ignore[arg-type]  # as above
