"""Charts that others publish, rendered by a real Helm with exactly the program's values."""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra import versions
from infra.plan.model import Plan, PlannedResource
from infra.versions import HelmChart
from tests.support.chart import Tree, load_all, templates
from tests.support.chart_archives import ChartMissingError, find
from tests.support.plan import plan_of
from tests.support.skips import NOT_REACHABLE

RELEASE = "kubernetes:helm.sh/v3:Release"

CHARTS = versions.THIRD_PARTY_CHARTS
MONITORING_CHARTS = CHARTS[3:]


@dataclass(frozen=True)
class Release:
    """What a chart makes of the program's values."""

    objects: Mapping[tuple[str, str], Tree]

    def __getitem__(self, key: tuple[str, str]) -> Tree:
        return self.objects[key]

    def of_kind(self, *kinds: str) -> list[Tree]:
        return [item for (kind, _), item in self.objects.items() if kind in kinds]


def archive(chart: HelmChart) -> Path:
    """Return the chart's archive; skip the test where `make charts` has not pulled it."""
    try:
        return find(chart.archive)
    except ChartMissingError:
        pytest.skip(NOT_REACHABLE)


def planned(chart: HelmChart, plan: Plan) -> PlannedResource:
    """Return the release of this chart as the program declares it."""
    return next(
        release
        for release in plan.of_type(RELEASE)
        if str(release.inputs["chart"]).rpartition("/")[2] == chart.name
        and release.inputs.get("version") == chart.version
    )


def planned_values(chart: HelmChart, plan: Plan) -> Tree:
    return dict(planned(chart, plan).inputs)["values"]  # type: ignore[return-value]  # a map


def render_with(chart: HelmChart, plan: Plan) -> Release:
    """Render the chart with what `plan` gives it; whatever AWS gives stays a placeholder."""
    release = planned(chart, plan).inputs
    text = templates(
        archive(chart),
        planned_values(chart, plan),
        release=str(release["name"]),
        namespace=str(release["namespace"]),
    )
    manifests = (content for path, content in text.items() if not path.endswith("NOTES.txt"))
    found = [item for content in manifests for item in _flat(load_all(content))]
    return Release({(item["kind"], item["metadata"]["name"]): item for item in found})


@functools.cache
def rendered(chart: HelmChart, stack: str = "dev") -> Release:
    """Render a chart once for all tests that only read."""
    return render_with(chart, plan_of(stack))


def _flat(items: list[Tree]) -> Iterator[Tree]:
    for item in items:
        if item["kind"].endswith("List") and "items" in item:
            yield from item["items"]
        else:
            yield item
