"""What the monitoring stack takes before its first `pulumi up`: archives, images, volumes."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from e2e.cluster.cluster import Cluster
from e2e.monitoring import provide as images
from e2e.monitoring.volumes import Volumes
from e2e.platform import third_party
from e2e.platform.third_party import Charts
from e2e.programs.build import Toolbox
from infra.naming import MONITORING_NAMESPACE


def provide(cluster: Cluster, tools: Toolbox, directory: Path, say: Callable[[str], None]) -> None:
    """Lay the charts where the stack expects them, make their images, and start giving volumes."""
    with tempfile.TemporaryDirectory() as scratch:
        releases = third_party.planned(Path(scratch), namespace=MONITORING_NAMESPACE)
        charts = Charts.collect(releases, directory)
        images.provide(cluster, tools, releases, charts, Path(scratch), say)
    Volumes.start(cluster)
    say("images of the monitoring stack are imported, and claims get volumes")
