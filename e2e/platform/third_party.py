"""Charts of other projects, as the program installs them.

What the program would give each chart is asked of the program itself, run without an engine.
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.cluster.shell import run
from e2e.platform.errors import PlatformError
from infra.naming import SYSTEM_NAMESPACE
from infra.versions import LOAD_BALANCER_CONTROLLER_CHART, THIRD_PARTY_CHARTS
from tests.support.chart_archives import ChartError, find

REPOSITORY = Path(__file__).parents[2]
STACK = "dev"  # has all charts on; the stacks of engine/ turn off what cannot run here

_RELEASE = "kubernetes:helm.sh/v3:Release"


@dataclass(frozen=True, slots=True)
class Release:
    """What the program tells Helm. Values that only AWS knows are placeholders."""

    name: str
    namespace: str
    chart: str
    version: str
    repository: str  # empty where `chart` is an `oci://` address
    values: Mapping[str, Any]

    @property
    def archive(self) -> str:
        """The file name under which `helm pull` stores it."""
        return f"{self.chart.rpartition('/')[2]}-{self.version}.tgz"


def planned(scratch: Path, *, namespace: str = SYSTEM_NAMESPACE) -> list[Release]:
    """Give other projects' charts of a namespace, as the program would install them as dev.

    Those of the monitoring stack need kinds that the cluster alone does not have.
    """
    return [each for each in installed_by(STACK, scratch) if each.namespace == namespace]


def installed_by(stack: str, scratch: Path) -> list[Release]:
    """Run the program without an engine, and give all that it installs of other projects."""
    file = scratch / "plan.json"
    plan = ("-m", "infra.plan", "--stack", stack, "--output", str(file))
    run(sys.executable, *plan, environment={"PYTHONPATH": str(REPOSITORY)})
    resources = json.loads(file.read_text())["resources"]
    found = [each["inputs"] for each in resources if each["type"] == _RELEASE]
    return [
        Release(
            name=inputs["name"],
            namespace=inputs["namespace"],
            chart=inputs["chart"],
            version=inputs["version"],
            repository=inputs.get("repositoryOpts", {}).get("repo", ""),
            values=inputs["values"],
        )
        for inputs in found
        # The backend's own chart is a folder of the checkout, and has no version there.
        if "version" in inputs
    ]


@dataclass(frozen=True, slots=True)
class Charts:
    """Archives in one folder, and what could not be had."""

    directory: Path
    missing: Mapping[str, str]  # release -> reason

    @classmethod
    def collect(cls, releases: Sequence[Release], directory: Path) -> "Charts":
        """Copy what `make charts` has pulled."""
        directory.mkdir(parents=True, exist_ok=True)
        missing = {}
        for release in releases:
            try:
                shutil.copy2(find(release.archive), directory)
            except ChartError as error:
                missing[release.name] = str(error)
        return cls(directory, missing)

    def archive(self, release: Release) -> Path:
        if reason := self.missing.get(release.name):
            raise PlatformError(f"the chart of {release.name} cannot be had: {reason}")
        return self.directory / release.archive


def require_monitoring() -> None:
    """Raise unless every chart is there that the monitoring stack and its drills need."""
    reasons = []
    for chart in THIRD_PARTY_CHARTS:
        if chart != LOAD_BALANCER_CONTROLLER_CHART:
            try:
                find(chart.archive)
            except ChartError as error:
                reasons.append(str(error))
    if reasons:
        raise PlatformError("\n".join(["the monitoring stack needs charts:", *reasons]))


@contextmanager
def values_file(release: Release) -> Iterator[Path]:
    """Lay the values where Helm can read them."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(release.values, file)
        file.flush()
        yield Path(file.name)
