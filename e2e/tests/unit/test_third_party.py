"""Where charts of other projects come from. What clusters say to them: tests/e2e."""

from dataclasses import replace
from pathlib import Path

import pytest

from e2e.platform import third_party
from e2e.platform.errors import PlatformError
from e2e.platform.third_party import Charts, Release

REGISTRY = "oci://registry.example.org/charts/shop"
RELEASE = Release("shop", "kube-system", "shop", "1.2.3", "https://charts.example.org", {})


@pytest.fixture
def helm(tmp_path: Path) -> Path:
    """Reaches no repository."""
    program = tmp_path / "helm"
    program.write_text("#!/bin/sh\necho 'looking' >&2; echo \"Error: no route for $*\" >&2; exit 1")
    program.chmod(0o755)
    return program


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


def test_an_archive_beside_the_checkout_is_taken(
    tmp_path: Path, helm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / RELEASE.archive).write_text("chart")
    monkeypatch.setattr(third_party, "SHARED", shared)
    charts = Charts.collect([RELEASE], tmp_path / "charts", helm)
    assert charts.missing == {}
    assert charts.archive(RELEASE).read_text() == "chart"


def test_a_chart_that_cannot_be_had_says_why(
    tmp_path: Path, helm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(third_party, "SHARED", tmp_path / "nowhere")
    charts = Charts.collect([RELEASE], tmp_path / "charts", helm)
    assert "--version 1.2.3" in charts.missing["shop"]
    with pytest.raises(PlatformError, match=r"shop is neither in .*nowhere .* no route for pull"):
        charts.archive(RELEASE)


def test_a_chart_of_a_registry_is_pulled_by_its_address(
    tmp_path: Path, helm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(third_party, "SHARED", tmp_path / "nowhere")
    release = replace(RELEASE, chart=REGISTRY, repository="")
    charts = Charts.collect([release], tmp_path / "charts", helm)
    assert f"pull {REGISTRY} --version 1.2.3 --destination" in charts.missing["shop"]
    assert release.archive == "shop-1.2.3.tgz"
