"""From references to images in the nodes: real programs of the catalogue, and no others."""

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from e2e.cluster.cluster import Cluster
from e2e.monitoring.errors import MonitoringError
from e2e.monitoring.names import canonical, repository, tagged
from e2e.monitoring.programs import PROGRAMS
from e2e.programs.build import Toolbox

Say = Callable[[str], None]


# Images of what the stack `observability` does not run (docs/adr/0062).
SWITCHED_OFF = {
    "docker.io/grafana/alloy",
    "docker.io/grafana/grafana",
    "docker.io/grafana/loki",
    "ghcr.io/jkroepke/kube-webhook-certgen",
    "ghcr.io/opencost/opencost",
    "ghcr.io/opencost/opencost-ui",
    "quay.io/kiwigrid/k8s-sidecar",
}


def without_maker(references: Iterable[str]) -> list[str]:
    """Name the images that no program of the catalogue gives."""
    return sorted(each for each in references if repository(each) not in PROGRAMS)


def load(
    cluster: Cluster, tools: Toolbox, references: Iterable[str], scratch: Path, say: Say
) -> None:
    """Make and import the real programs' images that the nodes lack, under all names asked for."""
    asked = set(references)
    missing = without_maker(asked)
    if unknown := sorted({repository(each) for each in missing} - SWITCHED_OFF):
        raise MonitoringError(
            f"nothing makes {', '.join(unknown)}: add a program to e2e/monitoring/programs.py"
        )
    wanted = sorted(asked - set(missing))
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
            PROGRAMS[source].build(archive, name=first, tools=tools)
            cluster.load_image(archive)
        for name in {canonical(reference) for reference in group} - {first}:
            cluster.tag_image(first, name)
        say(f"image of {source} made and imported")
