"""Our values for third-party charts: known to the chart, and rendering what we mean."""

import tarfile

import pytest
import yaml

from infra import versions
from infra.third_party import charts
from infra.third_party.charts import chart_values, merged
from infra.versions import HelmChart
from tests.support.chart import Tree, default_values
from tests.support.chart_keys import unknown_keys
from tests.support.plan import inputs_of, plan_of, plan_with
from tests.support.third_party import (
    CHARTS,
    Release,
    archive,
    planned,
    planned_values,
    rendered,
)

every_chart = pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)


def container(release: Release, name: str) -> Tree:
    found: Tree = release["Deployment", name]["spec"]["template"]["spec"]["containers"][0]
    return found


@every_chart
@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_key_is_known_to_the_chart(chart: HelmChart, stack: str) -> None:
    assert unknown_keys(archive(chart), planned_values(chart, plan_of(stack))) == []


def test_the_load_balancer_controller_binds_and_does_nothing_else() -> None:
    release = rendered(versions.LOAD_BALANCER_CONTROLLER_CHART)
    arguments = container(release, "aws-load-balancer-controller")["args"]
    assert "--cluster-name=observability-platform-dev" in arguments
    assert "--aws-region=us-east-1" in arguments
    assert "--aws-vpc-id=<network-vpc.id>" in arguments
    assert ("ServiceAccount", "aws-load-balancer-controller") in release.objects
    assert not [kind for kind, _ in release.objects if kind == "IngressClass"]
    (webhooks,) = (d for d in release.of_kind("MutatingWebhookConfiguration"))
    names = {webhook["name"]: webhook["failurePolicy"] for webhook in webhooks["webhooks"]}
    assert names["mpod.elbv2.k8s.aws"] == "Ignore"
    assert "mservice.elbv2.k8s.aws" not in names


def test_the_load_balancer_controller_leaves_a_lost_node_with_the_backend() -> None:
    """Pods that start elsewhere get requests only after it has registered them."""
    seconds = default_values()["nodeLossTolerationSeconds"]
    release = rendered(versions.LOAD_BALANCER_CONTROLLER_CHART)
    pod = release["Deployment", "aws-load-balancer-controller"]["spec"]["template"]["spec"]
    assert {
        (item["key"], item["operator"], item["effect"], item["tolerationSeconds"])
        for item in pod["tolerations"]
    } == {
        (f"node.kubernetes.io/{why}", "Exists", "NoExecute", seconds)
        for why in ("not-ready", "unreachable")
    }


def test_the_autoscaler_is_deployed_for_our_cluster_in_the_clusters_version() -> None:
    release = rendered(versions.CLUSTER_AUTOSCALER_CHART)
    pod = container(release, "cluster-autoscaler")
    assert pod["image"].endswith(f":{versions.KUBERNETES['1.36'].cluster_autoscaler}")
    assert any("observability-platform-dev" in argument for argument in pod["command"])
    assert {"name": "AWS_REGION", "value": "us-east-1"} in pod["env"]
    assert ("ServiceAccount", "cluster-autoscaler") in release.objects


def test_the_metrics_server_checks_the_kubelets_certificates() -> None:
    arguments = container(rendered(versions.METRICS_SERVER_CHART), "metrics-server")["args"]
    assert "--kubelet-insecure-tls" not in arguments


@every_chart
def test_a_chart_comes_from_its_publisher_in_one_version(chart: HelmChart) -> None:
    release = planned(chart, plan_of("dev")).inputs
    assert release["version"] == chart.version
    if chart.repository.startswith(charts.OCI):
        assert release["chart"] == f"{chart.repository}/{chart.name}"
        assert "repositoryOpts" not in release
    else:
        assert release["chart"] == chart.name
        assert release["repositoryOpts"] == {"repo": chart.repository}


def test_charts_come_from_a_folder_for_those_who_cannot_reach_their_publishers() -> None:
    def use_folder(values: Tree) -> None:
        values["addons"] = {"chartDirectory": "../charts/"}

    release = inputs_of(plan_with(use_folder), "addons-metrics-server")
    assert release["chart"] == "../charts/metrics-server-3.13.1.tgz"
    assert "repositoryOpts" not in release


def test_every_values_file_belongs_to_a_chart() -> None:
    assert {path.stem for path in charts.VALUES.glob("*.yaml")} == {c.name for c in CHARTS}
    assert all(chart_values(chart) for chart in CHARTS)


def test_values_are_laid_over_each_other_map_by_map() -> None:
    base = {"a": {"b": 1, "c": 2}, "d": [1, 2], "e": {"f": 1}}
    over = {"a": {"c": 3}, "d": [3], "e": 4}
    assert merged(base, over) == {"a": {"b": 1, "c": 3}, "d": [3], "e": 4}
    assert base["a"] == {"b": 1, "c": 2}


def metadata_of(chart: HelmChart, *subchart: str) -> Tree:
    path = "/".join([chart.name, *(f"charts/{name}" for name in subchart), "Chart.yaml"])
    with tarfile.open(archive(chart)) as tar:
        content = tar.extractfile(path)
        assert content is not None
        metadata: Tree = yaml.safe_load(content.read())
    return metadata


def test_the_definitions_are_those_of_the_operator_that_acts_on_them() -> None:
    definitions = metadata_of(versions.OPERATOR_DEFINITIONS_CHART)["appVersion"]
    assert definitions == metadata_of(versions.PROMETHEUS_STACK_CHART)["appVersion"]


def test_the_versions_that_the_plan_judges_by_are_those_of_the_charts() -> None:
    grafana = metadata_of(versions.PROMETHEUS_STACK_CHART, "grafana")["appVersion"]
    assert grafana == versions.GRAFANA
    assert metadata_of(versions.JAEGER_CHART)["appVersion"] == versions.JAEGER
    assert tuple(map(int, versions.JAEGER.split("."))) < versions.JAEGER_WITHOUT_SEARCH
