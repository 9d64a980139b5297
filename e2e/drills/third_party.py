"""Charts of other projects, as the repository's own stacks install them, on the real API server."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from e2e.cluster.errors import ClusterError
from e2e.cluster.kubectl import Kubectl
from e2e.cluster.shell import run
from e2e.drills.drill import Checks, Figures
from e2e.platform.dry_run import dry_run
from e2e.platform.platform import Platform
from e2e.platform.third_party import Charts, Release, installed_by, values_file
from e2e.programs.build import ensure
from e2e.programs.catalogue import modules_of
from infra.kubernetes.addons import LOAD_BALANCER_CONTROLLER
from infra.versions import OPERATOR_DEFINITIONS_CHART

# What users deploy, not what runs here.
STACKS = ("dev", "prod")
_SECONDS = 150
_REASON = 300  # characters of what a program said


def third_party(platform: Platform) -> Figures:
    """Helm and the API server take all that dev and prod install of other projects.

    Every chart but the load balancer controller's, which each `up` installs for good; with the
    values that the program gives it, hooks included. The kinds of the Prometheus operator are
    there for as long as that lasts, from the program's own release of them.

    Seen red with each of these alone in prod: `volumeClaimTemplat` for Alertmanager, which Helm
    takes (58 of 159 objects were left), "a lot" of memory for Loki (148), a number as an annotation
    of Alloy (152). And without the operator's kinds (27 of either stack).
    """
    checks = Checks()
    helm = ensure(modules_of(("helm",))).program("helm")
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        plans = {stack: _tried(installed_by(stack, scratch)) for stack in STACKS}
        every = [release for plan in plans.values() for release in plan]
        charts = Charts.collect(every, scratch)
        missing = "; ".join(f"{name}: {why}" for name, why in sorted(charts.missing.items()))
        checks.require(not missing, f"charts that cannot be had: {missing}")
        try_out(ApiServer(charts, helm, platform.cluster.kubectl), plans, checks)
    return checks.figures


def _tried(releases: Sequence[Release]) -> list[Release]:
    return [each for each in releases if each.name != LOAD_BALANCER_CONTROLLER]


@dataclass(frozen=True, slots=True)
class ApiServer:
    charts: Charts
    helm: Path
    kubectl: Kubectl

    def takes(self, release: Release) -> int:
        """Count the release's objects; raises ClusterError where one is refused."""
        return dry_run(release, self.charts.archive(release), self.helm, self.kubectl)

    @contextmanager
    def has(self, release: Release) -> Iterator[None]:
        """Install a release and its namespace, and remove both with everything that it made."""
        place = (release.name, "--namespace", release.namespace)
        try:
            with values_file(release) as values:
                archive = self.charts.archive(release)
                # What an earlier `up` has left of its definitions is taken over.
                over = ("--take-ownership", "--force-conflicts")
                made = ("--create-namespace", *over, "--wait", "--values", values)
                self._helm("install", place[0], archive, *place[1:], *made)
            yield
        finally:
            self._remove(*place)

    def _remove(self, *place: str) -> None:
        # Nothing where the installation did not get so far.
        if made := self._helm("get", "manifest", *place, check=False):
            self._helm("uninstall", *place, "--wait")
            # The chart tells Helm to keep definitions.
            self.kubectl("delete", "--ignore-not-found", "--filename=-", stdin=made)
        self.kubectl("delete", "namespace", place[-1], "--ignore-not-found")

    def _helm(self, *arguments: str | Path, check: bool = True) -> str:
        config = {"KUBECONFIG": str(self.kubectl.kubeconfig)}
        return run(self.helm, *arguments, check=check, environment=config, seconds=_SECONDS)


def try_out(server: ApiServer, plans: Mapping[str, Sequence[Release]], checks: Checks) -> None:
    """Note objects by stack and release; fails with all that is refused, after the last one."""
    kinds = OPERATOR_DEFINITIONS_CHART.name
    definitions = next(each for each in plans[STACKS[0]] if each.name == kinds)
    refused = []
    with server.has(definitions):
        for stack, releases in plans.items():
            objects = {}
            for release in releases:
                try:
                    objects[release.name] = server.takes(release)
                except ClusterError as error:
                    said = str(error).partition(" failed: ")[2] or str(error)
                    refused.append(f"{release.name} of {stack}: {said[:_REASON]}")
            checks.note(**{f"objects_{stack}": sum(objects.values()), stack: objects})
    checks.require(not refused, f"refused: {'; '.join(refused)}")
