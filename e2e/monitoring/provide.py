"""Charts, images and volumes for `make e2e STACK=observability`, before `pulumi up`."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import yaml

from e2e.cluster.cluster import Cluster
from e2e.deploy.engine.workspace import STACK, Workspace
from e2e.monitoring import images, volumes
from e2e.monitoring.programs import PROGRAMS
from e2e.monitoring.references import references, render
from e2e.platform.errors import PlatformError
from e2e.platform.third_party import installed_by
from e2e.programs.build import Toolbox
from infra.third_party.charts import merged
from infra.versions import JAEGER_CHART, OPERATOR_DEFINITIONS_CHART, PROMETHEUS_STACK_CHART
from tests.support.chart_archives import ChartError, find

# Of the catalogue: the tools must have been built with these, and with helm.
MODULES: tuple[str, ...] = tuple(sorted({program.module for program in PROGRAMS.values()}))
# What the stack installs: logs and cost are switched off by its settings.
CHARTS = (OPERATOR_DEFINITIONS_CHART, PROMETHEUS_STACK_CHART, JAEGER_CHART)

# Grafana and the Jobs that make the operator's webhook certificate have images that nothing here
# makes (ADR 62), and no setting of the program: they are switched off in the workspace's copy.
SWITCHED_OFF: Mapping[str, object] = {
    "grafana": {"enabled": False},
    "prometheusOperator": {"admissionWebhooks": {"enabled": False}, "tls": {"enabled": False}},
}


def require_charts() -> None:
    """Raise unless every chart of the stack is there."""
    reasons = []
    for chart in CHARTS:
        try:
            find(chart.archive)
        except ChartError as error:
            reasons.append(str(error))
    if reasons:
        raise PlatformError("\n".join(["the monitoring stack needs charts:", *reasons]))


def switch_off(program: Path) -> None:
    """Change the values of kube-prometheus-stack in a copy of the program."""
    file = (
        program / "infra" / "third_party" / "chart_values" / f"{PROMETHEUS_STACK_CHART.name}.yaml"
    )
    values: dict[str, object] = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump(merged(values, SWITCHED_OFF)))


def provide(
    cluster: Cluster, tools: Toolbox, workspace: Workspace, say: Callable[[str], None]
) -> None:
    """Lay the charts where the stack expects them, import their images, make volumes."""
    switch_off(workspace.program)
    helm = tools.program("helm")
    wanted: set[str] = set()
    for release in installed_by(STACK, workspace.program):
        archive = workspace.program / release.chart
        archive.parent.mkdir(exist_ok=True)
        shutil.copy2(find(release.archive), archive)
        wanted |= references(render(release, archive, helm))
    images.load(cluster, tools, wanted, say)
    volumes.make(cluster)
    say("images of the monitoring stack are imported, and claims get volumes")
