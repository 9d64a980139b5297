"""A real Prometheus that scrapes as the cluster's does: jobs and labels are those of the charts.

Its targets are what this machine has: the local platform's backend and worker, exporters where they
are installed, and the stand-in for a cluster.
"""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from infra import versions
from tests.dashboards import cluster_stand_in as cluster
from tests.support.chart import CHART, ROOT
from tests.support.chart_archives import folder as folder_of_charts
from tests.support.local_platform import free_port
from tests.support.plan import inputs_of, plan_of
from tests.support.prometheus import serving
from tests.support.third_party import rendered

Json = dict[str, Any]
POD_OF_NODE = {"namespace": "monitoring", "pod": "node-exporter-0", "job": "node-exporter"}


def job(name: str, address: str, **labels: str) -> Json:
    """Return a scrape configuration; labels of the target's own answer win."""
    return {
        "job_name": f"{name}-{len(labels)}-{address}",
        "honor_labels": True,
        "static_configs": [{"targets": [address], "labels": {"job": name} | labels}],
    }


def backend(api_port: int, worker_port: int) -> list[Json]:
    ours = {"namespace": "observability", "service": "backend"}
    return [
        job(
            "backend",
            f"127.0.0.1:{port}",
            **ours,
            pod=f"backend-{component}-0",
            app_kubernetes_io_component=component,
        )
        for component, port in (("api", api_port), ("worker", worker_port))
    ]


def monitoring(prometheus_port: int, alertmanager_port: int) -> list[Json]:
    return [
        job(f"kps-{name}", f"127.0.0.1:{port}", namespace="monitoring", pod=f"{name}-kps-0")
        for name, port in (("prometheus", prometheus_port), ("alertmanager", alertmanager_port))
    ]


@contextlib.contextmanager
def stand_in_cluster() -> Iterator[list[Json]]:
    """Serve what the cluster's exporters would say."""
    with contextlib.ExitStack() as stack:
        yield [
            job(name, stack.enter_context(serving(answer)), **labels)
            for name, answer, labels in (
                ("kube-state-metrics", cluster.kube_state_metrics, {}),
                ("kubelet", cluster.kubelet, {"metrics_path": "/metrics"}),
                ("kubelet", cluster.cadvisor, {"metrics_path": "/metrics/cadvisor"}),
                ("opencost", cluster.opencost, {}),
            )
        ]


@contextlib.contextmanager
def exporters(database: str | None, log: Path) -> Iterator[list[Json]]:
    """Run Debian's exporters, each if it is installed; `database` is PostgreSQL's address."""
    found: list[Json] = []
    with contextlib.ExitStack() as stack:
        if program := shutil.which("prometheus-node-exporter"):
            port = free_port()
            arguments = [program, f"--web.listen-address=127.0.0.1:{port}"]
            stack.enter_context(_running(arguments, log))
            found.append(job("node-exporter", f"127.0.0.1:{port}", **POD_OF_NODE))
        if database and (program := shutil.which("prometheus-postgres-exporter")):
            port = free_port()
            arguments = [program, f"--web.listen-address=127.0.0.1:{port}"]
            # As in the chart; this one is called otherwise since.
            arguments.append("--no-collector.bgwriter")
            stack.enter_context(_running(arguments, log, DATA_SOURCE_NAME=database))
            ours = {"namespace": "observability", "pod": "backend-exporter-0"}
            found.append(job("database-exporter", f"127.0.0.1:{port}", **ours))
        yield found


def rule_files(folder: Path) -> list[Path]:
    """Return the rules of our chart, of the program, and, if it is there, of the stack's chart."""
    groups = inputs_of(plan_of("dev"), "observability-platform-rules")["spec"]["groups"]
    found = [*sorted((CHART / "files" / "rules").glob("*.yaml")), _written(folder, "ours", groups)]
    if (folder_of_charts() / versions.PROMETHEUS_STACK_CHART.archive).exists():
        stack = rendered(versions.PROMETHEUS_STACK_CHART).of_kind("PrometheusRule")
        groups = [
            {"name": group["name"], "rules": [r for r in group["rules"] if "record" in r]}
            for item in stack
            for group in item["spec"]["groups"]
        ]
        found.append(_written(folder, "stack", groups))
    return found


def _written(folder: Path, name: str, groups: Sequence[Json]) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump({"groups": list(groups)}))
    return path


@contextlib.contextmanager
def _running(arguments: Sequence[str], log: Path, **environment: str) -> Iterator[None]:
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603  Debian's programs, with our arguments
            arguments, stdout=output, stderr=output, env=os.environ | environment, cwd=ROOT
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)
