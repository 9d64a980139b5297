"""From references to images in the nodes: who makes which, and one error for those nobody makes."""

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol

from e2e.cluster.cluster import Cluster
from e2e.monitoring.alloy import image as alloy
from e2e.monitoring.errors import MonitoringError
from e2e.monitoring.grafana import image as grafana
from e2e.monitoring.loki import image as loki
from e2e.monitoring.names import canonical, repository, tagged
from e2e.monitoring.opencost import image as opencost
from e2e.monitoring.programs import PROGRAMS
from e2e.monitoring.sidecar import image as sidecar
from e2e.programs.build import Toolbox

Say = Callable[[str], None]


class Maker(Protocol):
    def __call__(self, target: Path, *, name: str) -> None:
        """Write an archive with the image under `name`."""


# Python on the base that the backend's image has: each says in its package what it does not do.
STAND_INS: Mapping[str, Maker] = {
    "docker.io/grafana/alloy": alloy.build,
    "docker.io/grafana/grafana": grafana.build,
    "docker.io/grafana/loki": loki.build,
    "quay.io/kiwigrid/k8s-sidecar": sidecar.build,
    "ghcr.io/opencost/opencost": opencost.build,
    "ghcr.io/opencost/opencost-ui": opencost.build_ui,
}


def without_maker(references: Iterable[str]) -> list[str]:
    """Name the images that nobody makes."""
    made = {*PROGRAMS, *STAND_INS}
    return sorted(each for each in references if repository(each) not in made)


def check(references: Iterable[str]) -> None:
    """Raise one error that lists every image without a maker."""
    if missing := without_maker(references):
        raise MonitoringError(
            f"nobody makes {', '.join(missing)}: add a maker to e2e/monitoring/images.py"
        )


def load(
    cluster: Cluster, tools: Toolbox, references: Iterable[str], scratch: Path, say: Say
) -> None:
    """Make and import every image that is not in the nodes yet, under all names that are asked."""
    wanted = sorted(set(references))
    check(wanted)
    there = cluster.image_names()
    by_repository: dict[str, list[str]] = defaultdict(list)
    for reference in wanted:
        by_repository[repository(reference)].append(reference)
    for source, group in by_repository.items():
        if all(canonical(reference) in there for reference in group):
            continue
        first = tagged(group[0])
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            archive = Path(folder) / "image.tar"
            _build(source, archive, first, tools)
            cluster.load_image(archive)
        for name in {canonical(reference) for reference in group} - {first}:
            cluster.tag_image(first, name)
        say(f"image of {source} made and imported")


def _build(source: str, archive: Path, name: str, tools: Toolbox) -> None:
    if source in PROGRAMS:
        PROGRAMS[source].build(archive, name=name, tools=tools)
    else:
        STAND_INS[source](archive, name=name)
