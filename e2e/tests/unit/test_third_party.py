"""Where charts of other projects come from. What clusters say to them: tests/e2e."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from e2e.cluster.paths import Paths
from e2e.deploy.engine.stacks import Stack
from e2e.platform import assembly, third_party
from e2e.platform.choices import Choices
from e2e.platform.errors import PlatformError
from e2e.platform.third_party import Charts, Release
from tests.support import chart_archives

REGISTRY = "oci://registry.example.org/charts/shop"
RELEASE = Release("shop", "kube-system", "shop", "1.2.3", "https://charts.example.org", {})


def test_the_program_itself_says_what_it_installs(tmp_path: Path) -> None:
    releases = {release.name: release for release in third_party.installed_by("dev", tmp_path)}
    in_system = {"aws-load-balancer-controller", "metrics-server", "cluster-autoscaler"}
    in_monitoring = {"prometheus-operator-crds", "kps", "loki", "alloy", "jaeger", "opencost"}
    assert releases.keys() == in_system | in_monitoring  # and not the backend's
    assert {name for name in releases if releases[name].namespace == "kube-system"} == in_system
    # From a registry, which is no repository with an index.
    assert releases["opencost"].archive == f"opencost-{releases['opencost'].version}.tgz"
    autoscaler = releases["cluster-autoscaler"]
    assert autoscaler.values["autoDiscovery"]["clusterName"] == "observability-platform-dev"
    assert autoscaler.archive == f"cluster-autoscaler-{autoscaler.version}.tgz"


def test_charts_are_asked_for_by_namespace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loki = replace(RELEASE, name="loki", namespace="monitoring")
    monkeypatch.setattr(third_party, "installed_by", lambda *_: [RELEASE, loki])
    assert third_party.planned(tmp_path) == [RELEASE]
    assert third_party.planned(tmp_path, namespace="monitoring") == [loki]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Has one chart, with its checksum in the lock."""
    monkeypatch.setenv("CHARTS", str(tmp_path))
    monkeypatch.setattr(chart_archives, "LOCK", tmp_path / "charts.lock")
    (tmp_path / RELEASE.archive).write_text("chart")
    digest = hashlib.sha256(b"chart").hexdigest()
    (tmp_path / "charts.lock").write_text(f"{digest}  {RELEASE.archive}\n")
    return tmp_path


def test_charts_are_those_that_were_pulled(folder: Path) -> None:
    charts = Charts.collect([RELEASE], folder / "taken")
    assert charts.missing == {}
    assert charts.archive(RELEASE).read_text() == "chart"


def test_a_chart_that_cannot_be_had_says_why(folder: Path) -> None:
    other = replace(RELEASE, name="other", chart=REGISTRY, repository="", version="2.0.0")
    charts = Charts.collect([other], folder / "taken")
    with pytest.raises(PlatformError, match=r"other cannot be had: shop-2\.0\.0\.tgz is not in .*"):
        charts.archive(other)


@pytest.mark.usefixtures("folder")
def test_the_monitoring_stack_says_at_once_which_charts_it_lacks() -> None:
    choices = Choices(stack=Stack.OBSERVABILITY)
    with pytest.raises(PlatformError, match=r"loki-.* is not in .*: run `make charts`"):
        assembly.up(Paths(Path("/nowhere")), choices, print)
