"""A third-party chart as a Helm release, installed the same way by every component."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

from infra.third_party.charts import chart_source
from infra.versions import HelmChart

TIMEOUT_SECONDS = 900
RELEASES_KEPT = 5


@dataclass(frozen=True, kw_only=True)
class ThirdParty:
    """A chart with its namespace and all of its values."""

    chart: HelmChart
    # Without a name, Pulumi appends a random suffix to the release's.
    release: str
    namespace: pulumi.Input[str]
    values: Mapping[str, object]
    # A folder with archives, if the chart's publisher cannot be reached.
    directory: str | None


def install(
    name: str, what: ThirdParty, *, parent: pulumi.Resource, after: Sequence[pulumi.Resource]
) -> k8s.helm.v3.Release:
    """Install the chart after everything in `after`, and wait until its pods are ready."""
    source = chart_source(what.chart, what.directory)
    return k8s.helm.v3.Release(
        name,
        name=what.release,
        namespace=what.namespace,
        chart=source.chart,
        version=source.version,
        repository_opts=(
            k8s.helm.v3.RepositoryOptsArgs(repo=source.repository) if source.repository else None
        ),
        values=what.values,
        # A failed first installation stays for inspection; the next run upgrades it.
        atomic=False,
        cleanup_on_fail=True,
        timeout=TIMEOUT_SECONDS,
        max_history=RELEASES_KEPT,
        opts=ResourceOptions(parent=parent, depends_on=list(after)),
    )
