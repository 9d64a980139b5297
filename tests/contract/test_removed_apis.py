"""No object of ours, nor of a chart that we install, uses an API that Kubernetes removed."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from infra import versions
from infra.versions import HelmChart
from tests.support.chart import CI_FILES, Tree, load, render
from tests.support.plan import plan_of
from tests.support.third_party import CHARTS, rendered

Used = tuple[str, str]


def removed(used: Iterable[Used]) -> list[str]:
    """Name what is used and gone in the newest minor that the program knows, or before."""
    gone = {api: minor for minor, apis in versions.REMOVED_APIS.items() for api in apis}
    return [
        f"{kind}: Kubernetes {gone[key]} removes {key}"
        for api, kind in used
        for key in (api, f"{api} {kind}")
        if key in gone
    ]


def _used(objects: Iterable[Tree]) -> list[Used]:
    return [(item["apiVersion"], item["kind"]) for item in objects]


@pytest.mark.parametrize(
    ("api", "kind", "gone"),
    [
        ("policy/v1beta1", "PodDisruptionBudget", "Kubernetes 1.25"),
        ("storage.k8s.io/v1beta1", "CSIStorageCapacity", "Kubernetes 1.27"),
        ("storage.k8s.io/v1beta1", "VolumeAttributesClass", ""),
        ("autoscaling/v2", "HorizontalPodAutoscaler", ""),
    ],
)
def test_what_is_removed_is_found(api: str, kind: str, gone: str) -> None:
    """Guard: a search that finds nothing would leave the tests below green."""
    found = removed([(api, kind)])
    assert len(found) == bool(gone)
    assert all(gone in text for text in found)


@pytest.mark.parametrize("path", CI_FILES, ids=lambda path: path.stem)
def test_our_chart_uses_no_removed_api(path: Path) -> None:
    used = _used(render(load(path)).objects.values())
    assert used
    assert removed(used) == []


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_our_own_manifests_use_no_removed_api(stack: str) -> None:
    """A type such as kubernetes:storage.k8s.io/v1:StorageClass; charts are other tests' subject."""
    types = [one.type.split(":") for one in plan_of(stack).resources]
    used = [(api, kind) for package, api, kind in types if package == "kubernetes"]
    assert ("storage.k8s.io/v1", "StorageClass") in used
    assert removed(used) == []


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)
def test_charts_of_others_use_no_removed_api(chart: HelmChart) -> None:
    used = _used(rendered(chart).objects.values())
    assert used
    assert removed(used) == []
