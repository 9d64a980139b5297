"""From references to images in the nodes: real programs of the catalogue, and no others."""

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from e2e.cluster.cluster import Cluster
from e2e.monitoring.names import canonical, repository, tagged
from e2e.monitoring.programs import PROGRAMS
from e2e.programs.build import Toolbox

Say = Callable[[str], None]


def without_maker(references: Iterable[str]) -> list[str]:
    """Name the images that no program of the catalogue gives."""
    return sorted(each for each in references if repository(each) not in PROGRAMS)


def load(
    cluster: Cluster, tools: Toolbox, references: Iterable[str], scratch: Path, say: Say
) -> None:
    """Make and import the real programs' images that the nodes lack, under all names asked for."""
    asked = set(references)
    if missing := without_maker(asked):
        say(f"switched off, because nothing here makes their images: {', '.join(missing)}")
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
