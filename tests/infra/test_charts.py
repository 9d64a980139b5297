"""Our values for third-party charts: known to the chart, and rendering what we mean."""

from collections.abc import Iterator

import pytest

from infra import versions
from infra.third_party import charts
from infra.third_party.charts import chart_source, chart_values, merged
from infra.versions import HelmChart
from tests.support.chart import Tree, default_values
from tests.support.chart_keys import unknown_keys
from tests.support.plan import inputs_of, plan_of, plan_with
from tests.support.third_party import (
    CHARTS,
    SYSTEM_CHARTS,
    Release,
    archive,
    planned,
    planned_values,
    rendered,
)

every_chart = pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)
every_system_chart = pytest.mark.parametrize("chart", SYSTEM_CHARTS, ids=lambda chart: chart.name)
# Maps that charts hand through: Kubernetes, the operator's definitions or the program itself judge
# what is in them, and tests of their own do.
HANDED_THROUGH = (
    "extraArgs.",
    "crds.annotations.",
    "alertmanager.alertmanagerSpec.storage.",
    "alertmanager.config.",
    "grafana.deploymentStrategy.",
    "grafana.grafana.ini.",
    "grafana.podAnnotations.",
    "prometheus.prometheusSpec.exemplars.",
    "prometheus.prometheusSpec.externalLabels.",
    "prometheus.prometheusSpec.storageSpec.",
    "loki.analytics.",
    "loki.commonConfig.",
    "loki.compactor.",
    "loki.extraMemberlistConfig.",
    "loki.ingester.",
    "loki.limits_config.",
    "loki.pattern_ingester.",
    "loki.querier.",
    "loki.schemaConfig.",
    # Names of alerts: docs/alerts.md and its test say which, with the severity that they then have.
    "customRules.",
    "jaeger.podLabels.",
    "jaeger.podSecurityContext.",
    "jaeger.strategy.",
    "userconfig.",
)


def container(release: Release, name: str) -> Tree:
    found: Tree = release["Deployment", name]["spec"]["template"]["spec"]["containers"][0]
    return found


@every_chart
@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_key_is_known_to_the_chart(chart: HelmChart, stack: str) -> None:
    assert unknown_keys(archive(chart), planned_values(chart, plan_of(stack))) == []


@every_chart
def test_a_misspelt_key_is_found_wherever_the_chart_reads_names(chart: HelmChart) -> None:
    """Each of our keys in turn, with a letter too many: Helm takes nearly all of them."""
    values = planned_values(chart, plan_of("dev"))
    judged = [path for path in paths(values) if not ".".join(path).startswith(HANDED_THROUGH)]
    assert judged
    for path in judged:
        assert unknown_keys(archive(chart), misspelt(values, *path)) == [f"{'.'.join(path)}!"]


def paths(values: Tree, *above: str) -> Iterator[tuple[str, ...]]:
    for name, value in values.items():
        yield (*above, name)
        if isinstance(value, dict):
            yield from paths(value, *above, name)


def misspelt(values: Tree, head: str, *rest: str) -> Tree:
    """Copy `values` with a letter too many in the last name of the path."""
    if rest:
        return {**values, head: misspelt(values[head], *rest)}
    return {name + "!" * (name == head): value for name, value in values.items()}


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
    assert pod["image"].endswith(f":{versions.KUBERNETES['1.35'].cluster_autoscaler}")
    assert any("observability-platform-dev" in argument for argument in pod["command"])
    assert {"name": "AWS_REGION", "value": "us-east-1"} in pod["env"]
    assert ("ServiceAccount", "cluster-autoscaler") in release.objects


def test_the_metrics_server_checks_the_kubelets_certificates() -> None:
    arguments = container(rendered(versions.METRICS_SERVER_CHART), "metrics-server")["args"]
    assert "--kubelet-insecure-tls" not in arguments


@every_system_chart
def test_what_a_chart_deploys_has_requests_and_a_memory_limit(chart: HelmChart) -> None:
    resources = container(rendered(chart), chart.name)["resources"]
    assert resources["requests"].keys() == {"cpu", "memory"}
    assert resources["limits"].keys() == {"memory"}


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


def test_a_source_names_either_repository_or_archive() -> None:
    chart = HelmChart("thing", "1.2.3", "https://charts.example.org")
    assert chart_source(chart, None).repository == "https://charts.example.org"
    assert chart_source(chart, "x").chart == "x/thing-1.2.3.tgz"
    assert chart_source(chart, "x").repository is None


def test_a_registry_is_part_of_a_charts_address() -> None:
    chart = HelmChart("thing", "1.2.3", "oci://registry.example.org/charts")
    source = chart_source(chart, None)
    assert source.chart == "oci://registry.example.org/charts/thing"
    assert (source.version, source.repository) == ("1.2.3", None)
