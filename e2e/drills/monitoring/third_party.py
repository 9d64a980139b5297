"""Charts of other projects, as the repository's own stacks install them, on the real API server."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from e2e.cluster.errors import ClusterError
from e2e.cluster.kubectl import Kubectl
from e2e.cluster.shell import run
from e2e.drills.drill import Checks
from e2e.platform.platform import Platform
from e2e.platform.third_party import Release, installed_by
from infra.kubernetes.addons import LOAD_BALANCER_CONTROLLER
from infra.versions import OPERATOR_DEFINITIONS_CHART
from tests.support.chart_archives import ChartError, find

# What users deploy, not what runs here.
STACKS = ("dev", "prod")
_SECONDS = 150
_REASON = 300  # characters of what a program said
_TEST = "test"  # a hook of `helm test`, which no installation makes


def third_party(platform: Platform, checks: Checks) -> None:
    """Helm and the API server take all that dev and prod install of other projects.

    Every chart but the load balancer controller's, with the values that the program gives it, hooks
    included. The kinds of the Prometheus operator are there for as long as that lasts, from the
    program's own release of them.

    Seen red with each of these alone in prod: `volumeClaimTemplat` for Alertmanager, which Helm
    takes (58 of 159 objects were left), "a lot" of memory for Loki (148), a number as an annotation
    of Alloy (152). And without the operator's kinds (27 of either stack).
    """
    plans = {}
    for stack in STACKS:
        every = installed_by(stack)
        plans[stack] = [each for each in every if each.name != LOAD_BALANCER_CONTROLLER]
    missing = set()
    for release in [each for plan in plans.values() for each in plan]:
        try:
            find(release.archive)
        except ChartError as error:
            missing.add(str(error))
    checks.require(not missing, f"charts that cannot be had: {'; '.join(sorted(missing))}")
    try_out(ApiServer(platform.commands.helm_program, platform.kubectl), plans, checks)


@dataclass(frozen=True, slots=True)
class ApiServer:
    helm: Path
    kubectl: Kubectl

    def takes(self, release: Release) -> int:
        """Let Helm and then the API server take the release, and keep none of it; counts objects.

        Helm checks what it renders against the cluster's schemas and version. What admission,
        defaults and immutable fields make of each object, only the API server's own dry run tells.
        Raises ClusterError where an object is refused. The namespace must be there, and the kinds.
        """
        # The cluster has a metrics server of its own, which Helm would not touch otherwise.
        flags = ("--dry-run=server", "--take-ownership", "--output=json")
        parts = manifests(json.loads(self._install(release, *flags)))
        as_if = ("--server-side", "--force-conflicts", "--dry-run=server", "--output=name")
        with _at_home_in(release.namespace, self.kubectl) as there:
            taken = there("apply", *as_if, "--filename=-", stdin="\n---\n".join(parts))
        return len(taken.splitlines())

    @contextmanager
    def has(self, release: Release) -> Iterator[None]:
        """Install a release and its namespace, and remove both with everything that it made."""
        try:
            # What an earlier `up` has left of its definitions is taken over.
            over = ("--take-ownership", "--force-conflicts")
            self._install(release, "--create-namespace", *over, "--wait")
            yield
        finally:
            self._remove(release.name, "--namespace", release.namespace)

    def _install(self, release: Release, *flags: str) -> str:
        place = (release.name, find(release.archive), "--namespace", release.namespace)
        with release.values_file() as values:
            return self._helm("install", *place, *flags, "--values", values)

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


def manifests(answer: Mapping[str, Any]) -> list[str]:
    """What an installation makes, hooks as well, as YAML."""
    hooks = [hook for hook in answer.get("hooks") or [] if hook["events"] != [_TEST]]
    return [answer["manifest"], *(hook["manifest"] for hook in hooks)]


@contextmanager
def _at_home_in(namespace: str, kubectl: Kubectl) -> Iterator[Kubectl]:
    """Give a kubectl with a default namespace: --namespace refuses objects that name another."""
    with tempfile.TemporaryDirectory() as scratch:
        own = Path(scratch) / "kubeconfig"
        shutil.copy2(kubectl.kubeconfig, own)
        there = replace(kubectl, kubeconfig=own)
        there("config", "set-context", "--current", f"--namespace={namespace}")
        yield there


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
