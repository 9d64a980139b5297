"""Other projects' charts for kube-system before the first `up`: archives, images, dry runs."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from e2e.cluster.cluster import Cluster
from e2e.load_balancer.fake_controller.image import build
from e2e.platform import third_party
from e2e.platform.dry_run import dry_run
from e2e.platform.third_party import Charts, Release
from infra.kubernetes.addons import LOAD_BALANCER_CONTROLLER
from tests.support.skips import is_ci

Say = Callable[[str], None]


def provide(cluster: Cluster, helm: Path, directory: Path, say: Say) -> None:
    """Lay the archives where the stack expects them, and prove or prepare each chart.

    The program cannot do without the controller: when its chart cannot be had, neither can this.
    Charts that are only tried are skipped then, with the reason, but not in CI.
    """
    with tempfile.TemporaryDirectory() as scratch:
        releases = third_party.planned(Path(scratch))
        charts = Charts.collect(releases, directory, helm)
        for release in releases:
            if release.name == LOAD_BALANCER_CONTROLLER:
                _load_controller(cluster, helm, release, charts, Path(scratch))
            elif (reason := charts.missing.get(release.name)) and not is_ci():
                say(f"{release.name} {release.version}: not tried, {reason}")
            else:
                archive = charts.archive(release)
                count = dry_run(release, archive, helm, cluster.kubectl)
                say(f"{release.name} {release.version}: the API server takes its {count} objects")


def _load_controller(
    cluster: Cluster, helm: Path, release: Release, charts: Charts, scratch: Path
) -> None:
    for number, name in enumerate(third_party.images(release, charts.archive(release), helm)):
        archive = scratch / f"controller-{number}.tar"
        build(archive, name=name)
        cluster.load_image(archive)
