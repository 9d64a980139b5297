"""What the monitoring stack takes before its first `pulumi up`: archives, images, volumes."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import yaml

from e2e.cluster.cluster import Cluster
from e2e.monitoring import provide as images
from e2e.monitoring.volumes import Volumes
from e2e.platform import third_party
from e2e.platform.third_party import Charts
from e2e.programs.build import Toolbox
from infra.config.charts import merged
from infra.naming import MONITORING_NAMESPACE

# Grafana and the Jobs that make the operator's webhook certificate have images that nothing here
# makes (ADR 62), and no setting of the program: they are switched off in the workspace's copy.
SWITCHED_OFF: Mapping[str, object] = {
    "grafana": {"enabled": False},
    "prometheusOperator": {"admissionWebhooks": {"enabled": False}, "tls": {"enabled": False}},
}


def switch_off(program: Path) -> None:
    """Change the values of kube-prometheus-stack in a copy of the program."""
    file = program / "infra" / "config" / "chart_values" / "kube-prometheus-stack.yaml"
    values: dict[str, object] = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump(merged(values, SWITCHED_OFF)))


def provide(cluster: Cluster, tools: Toolbox, directory: Path, say: Callable[[str], None]) -> None:
    """Lay the charts where the stack expects them, make their images, and start giving volumes."""
    with tempfile.TemporaryDirectory() as scratch:
        releases = third_party.planned(Path(scratch), namespace=MONITORING_NAMESPACE)
        charts = Charts.collect(releases, directory)
        images.provide(cluster, tools, releases, charts, Path(scratch), say)
    Volumes.start(cluster)
    say("images of the monitoring stack are imported, and claims get volumes")
