"""What `make e2e STACK=observability` calls: images before `pulumi up`, volumes during it."""

from collections.abc import Callable, Iterable
from pathlib import Path

from e2e.cluster.cluster import Cluster
from e2e.monitoring import images
from e2e.monitoring.programs import PROGRAMS
from e2e.monitoring.references import references, render
from e2e.monitoring.volumes import Volumes
from e2e.platform.third_party import Charts, Release
from e2e.programs.build import Toolbox

__all__ = ["MODULES", "Volumes", "provide", "wanted"]

# Of the catalogue: `tools` must have been built with these, and with helm.
MODULES: tuple[str, ...] = tuple(sorted({program.module for program in PROGRAMS.values()}))


def wanted(releases: Iterable[Release], charts: Charts, tools: Toolbox) -> set[str]:
    """Find every image that the releases' pods will ask for."""
    helm = tools.program("helm")
    return {
        reference
        for release in releases
        for reference in references(render(release, charts.archive(release), helm))
    }


def provide(
    cluster: Cluster,
    tools: Toolbox,
    releases: Iterable[Release],
    charts: Charts,
    scratch: Path,
    say: Callable[[str], None],
) -> None:
    """Render the releases, make what their pods will ask for, and import it into both nodes.

    Images that are there already stay: a second call takes the time of Helm's rendering. Archives
    lie in `scratch` until they are imported.
    """
    images.load(cluster, tools, wanted(releases, charts, tools), scratch, say)
