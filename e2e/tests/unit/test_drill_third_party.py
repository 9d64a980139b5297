"""The drill `third-party` turns red for one refused chart, tries the others, and leaves nothing."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from e2e.cluster.errors import ClusterError
from e2e.drills import third_party as drill
from e2e.drills.drill import Checks, DrillFailed
from e2e.drills.third_party import ApiServer, try_out
from e2e.platform.dry_run import manifests
from e2e.platform.third_party import Charts, Release

CONTROLLER, DEFINITIONS = "aws-load-balancer-controller", "prometheus-operator-crds"
NAMES = (DEFINITIONS, "kps", "loki")
REMOVED = [
    "helm get manifest prometheus-operator-crds --namespace monitoring",
    "helm uninstall prometheus-operator-crds --namespace monitoring --wait",
    "kubectl delete --ignore-not-found --filename=- of kind: CRD",
    "kubectl delete namespace monitoring --ignore-not-found",
]


def _release(name: str) -> Release:
    return Release(name, "monitoring", name, "1.0.0", "https://charts.example.org", {})


class _Server:
    """Stands for helm and kubectl: writes down what they are told. tests/e2e has the real ones."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        self.tried: list[str] = []
        self.refuses: Sequence[str] = ()
        self.cannot = "nothing"
        self.kubeconfig = Path("kubeconfig")
        monkeypatch.setattr(drill, "run", self._helm)
        monkeypatch.setattr(drill, "dry_run", self._dry_run)
        charts = Charts(Path("/charts"), {})
        self.api = ApiServer(charts, Path("helm"), self)  # type: ignore[arg-type]  # as much as is used

    def _helm(self, *command: str | Path, check: bool = True, **_: object) -> str:
        told = " ".join(map(str, command))
        self.calls.append(told)
        if self.cannot in told:
            if check:
                raise ClusterError(f"`{told}` failed")
            return ""
        return "kind: CRD" if "manifest" in told else ""

    def __call__(self, *arguments: str, stdin: str = "") -> str:
        of = f" of {stdin}" if stdin else ""
        self.calls.append(f"kubectl {' '.join(arguments)}{of}")
        return ""

    def _dry_run(self, release: Release, *_: object) -> int:
        self.tried.append(release.name)
        if release.name in self.refuses:
            raise ClusterError(f"`kubectl apply` failed: {release.name} has no field sotrageSpec")
        return 7


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> _Server:
    return _Server(monkeypatch)


def _try_out(server: _Server) -> Checks:
    checks = Checks()
    plans = {stack: [_release(name) for name in NAMES] for stack in drill.STACKS}
    try_out(server.api, plans, checks)
    return checks


def test_objects_are_counted_by_stack_and_release(server: _Server) -> None:
    figures = _try_out(server).figures
    assert figures["objects_dev"] == figures["objects_prod"] == 21
    assert figures["dev"] == figures["prod"] == dict.fromkeys(NAMES, 7)


def test_the_definitions_are_there_for_as_long_as_charts_are_tried(server: _Server) -> None:
    _try_out(server)
    assert server.calls[0].startswith("helm install prometheus-operator-crds /charts/")
    assert server.calls[1:] == REMOVED


def test_a_refused_chart_fails_the_drill_after_the_others_were_tried(server: _Server) -> None:
    server.refuses = ["kps"]
    with pytest.raises(DrillFailed, match=r"kps of dev: .* sotrageSpec; kps of prod: ") as failed:
        _try_out(server)
    assert failed.value.figures["dev"] == {DEFINITIONS: 7, "loki": 7}
    assert server.tried == [*NAMES, *NAMES]
    assert server.calls[1:] == REMOVED


def test_an_installation_that_did_not_begin_is_said_and_leaves_no_namespace(
    server: _Server,
) -> None:
    server.cannot = "helm"
    with pytest.raises(ClusterError, match="`helm install prometheus-operator-crds"):
        _try_out(server)
    assert server.calls[1:] == [REMOVED[0], REMOVED[-1]]


def test_a_chart_that_cannot_be_had_fails_the_drill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drill, "installed_by", lambda *_: [_release(CONTROLLER), _release("loki")])
    monkeypatch.setattr(drill, "ensure", lambda _: SimpleNamespace(program=Path))
    tried: list[Release] = []

    def collect(releases: Sequence[Release], directory: Path) -> Charts:
        tried.extend(releases)
        return Charts(directory, {"loki": "no route"})

    monkeypatch.setattr(Charts, "collect", collect)
    platform = SimpleNamespace(cluster=SimpleNamespace(kubectl=None))
    with pytest.raises(DrillFailed, match="charts that cannot be had: loki: no route"):
        drill.third_party(platform)  # type: ignore[arg-type]  # as much as is used
    assert {release.name for release in tried} == {"loki"}  # the controller is installed for good


def test_what_an_installation_makes_are_objects_and_hooks_but_no_tests() -> None:
    hooks = [
        {"events": ["pre-install", "pre-upgrade"], "manifest": "kind: Job"},
        {"events": ["test"], "manifest": "kind: Pod"},
    ]
    assert manifests({"manifest": "kind: Service", "hooks": hooks}) == [
        "kind: Service",
        "kind: Job",
    ]
    assert manifests({"manifest": "kind: Service"}) == ["kind: Service"]
