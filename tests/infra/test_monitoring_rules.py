"""Rules and versions of the monitoring stack: Prometheus' own tool takes them, and pairs agree."""

import io
import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml

from infra import versions
from infra.versions import HelmChart
from tests.support.backend_release import rendered_backend
from tests.support.chart import Tree
from tests.support.third_party import archive, rendered
from tests.support.tools import require_tool


def metadata_of(chart: HelmChart, *subchart: str) -> Tree:
    path = "/".join([chart.name, *(f"charts/{name}" for name in subchart), "Chart.yaml"])
    with tarfile.open(archive(chart)) as tar:
        content = tar.extractfile(path)
        assert content is not None
        metadata: Tree = yaml.safe_load(io.BytesIO(content.read()))
    return metadata


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_prometheus_takes_every_rule_that_is_installed(stack: str, tmp_path: Path) -> None:
    program = require_tool("promtool", package="prometheus")
    installed = [
        *rendered(versions.PROMETHEUS_STACK_CHART, stack).of_kind("PrometheusRule"),
        rendered_backend(stack)["PrometheusRule", "backend"],
    ]
    files = []
    for item in installed:
        files.append(tmp_path / f"{item['metadata']['name']}.yml")
        files[-1].write_text(yaml.safe_dump({"groups": item["spec"]["groups"]}))
    assert len(files) > 20
    done = subprocess.run(  # noqa: S603  our own arguments
        [program, "check", "rules", *map(str, files)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_rule_asks_for_what_eks_does_not_show() -> None:
    groups = {
        group["name"]
        for item in rendered(versions.PROMETHEUS_STACK_CHART).of_kind("PrometheusRule")
        for group in item["spec"]["groups"]
    }
    for absent in ("etcd", "kube-scheduler", "controller-manager", "apiserver-burnrate", "slos"):
        assert not {name for name in groups if absent in name}, absent


def test_the_definitions_are_those_of_the_operator_that_acts_on_them() -> None:
    definitions = metadata_of(versions.OPERATOR_DEFINITIONS_CHART)["appVersion"]
    assert definitions == metadata_of(versions.PROMETHEUS_STACK_CHART)["appVersion"]


def test_the_versions_that_the_plan_judges_by_are_those_of_the_charts() -> None:
    grafana = metadata_of(versions.PROMETHEUS_STACK_CHART, "grafana")["appVersion"]
    assert grafana == versions.GRAFANA
    assert metadata_of(versions.JAEGER_CHART)["appVersion"] == versions.JAEGER
    assert tuple(map(int, versions.JAEGER.split("."))) < versions.JAEGER_WITHOUT_SEARCH
