"""Our values for third-party charts: known to the chart, and rendering what we mean."""

import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra import charts, versions
from infra.charts import chart_source, chart_values, merged
from infra.versions import HelmChart
from tests.support.chart import templates
from tests.support.plan import ROOT, Tree, inputs_of, plan_of, plan_with

CHARTS = (
    versions.LOAD_BALANCER_CONTROLLER_CHART,
    versions.METRICS_SERVER_CHART,
    versions.CLUSTER_AUTOSCALER_CHART,
)
# Where archives (`helm pull`) and a checker of keys stand beside a checkout, they are used.
SHARED = ROOT.parent / "shared"
ARCHIVES, CHECKER = SHARED / "charts", SHARED / "tools/check_values.py"

Rendered = Mapping[tuple[str, str], Tree]
every_chart = pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)


def archive(chart: HelmChart) -> Path:
    path = ARCHIVES / chart.archive
    if not path.exists():
        pytest.skip(f"{chart.archive} is not in {ARCHIVES}: `helm pull` it there")
    return path


def planned_values(chart: HelmChart) -> Tree:
    """Return what the program gives the chart, the deployment's own values included."""
    values: Tree = inputs_of(plan_of("dev"), f"addons-{chart.name}")["values"]
    return values


def render(chart: HelmChart) -> Rendered:
    rendered = templates(
        archive(chart), planned_values(chart), release=chart.name, namespace="kube-system"
    )
    manifests = (text for path, text in rendered.items() if not path.endswith("NOTES.txt"))
    documents = [d for text in manifests for d in yaml.safe_load_all(text) if d]
    return {(d["kind"], d["metadata"]["name"]): d for d in documents}


def container(rendered: Rendered, name: str) -> Tree:
    deployment = rendered["Deployment", name]
    found: Tree = deployment["spec"]["template"]["spec"]["containers"][0]
    return found


@every_chart
def test_every_key_is_known_to_the_chart(chart: HelmChart) -> None:
    if not CHECKER.exists():
        pytest.skip(f"the checker of keys is not there: {CHECKER}")
    specification = importlib.util.spec_from_file_location("check_values", CHECKER)
    assert specification is not None
    assert specification.loader is not None
    checker: Any = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(checker)
    run: Callable[[str, list[Tree]], tuple[Any, Any, Any]] = checker.run
    unknown, _, _ = run(str(archive(chart)), [planned_values(chart)])
    assert not unknown


def test_the_load_balancer_controller_binds_and_does_nothing_else() -> None:
    rendered = render(versions.LOAD_BALANCER_CONTROLLER_CHART)
    arguments = container(rendered, "aws-load-balancer-controller")["args"]
    assert "--cluster-name=observability-platform-dev" in arguments
    assert "--aws-region=us-east-1" in arguments
    assert "--aws-vpc-id=<network-vpc.id>" in arguments
    assert ("ServiceAccount", "aws-load-balancer-controller") in rendered
    assert not [kind for kind, _ in rendered if kind == "IngressClass"]
    (webhooks,) = (d for (kind, _), d in rendered.items() if kind == "MutatingWebhookConfiguration")
    names = {webhook["name"]: webhook["failurePolicy"] for webhook in webhooks["webhooks"]}
    assert names["mpod.elbv2.k8s.aws"] == "Ignore"
    assert "mservice.elbv2.k8s.aws" not in names


def test_the_load_balancer_controller_leaves_a_lost_node_with_the_backend() -> None:
    """Pods that start elsewhere get requests only after it has registered them."""
    defaults = yaml.safe_load((ROOT / "charts/backend/values.yaml").read_text())
    rendered = render(versions.LOAD_BALANCER_CONTROLLER_CHART)
    pod = rendered["Deployment", "aws-load-balancer-controller"]["spec"]["template"]["spec"]
    assert {
        (item["key"], item["operator"], item["effect"], item["tolerationSeconds"])
        for item in pod["tolerations"]
    } == {
        (f"node.kubernetes.io/{why}", "Exists", "NoExecute", defaults["nodeLossTolerationSeconds"])
        for why in ("not-ready", "unreachable")
    }


def test_the_autoscaler_is_deployed_for_our_cluster_in_the_clusters_version() -> None:
    rendered = render(versions.CLUSTER_AUTOSCALER_CHART)
    pod = container(rendered, "cluster-autoscaler")
    release = versions.KUBERNETES["1.35"]
    assert pod["image"].endswith(f":{release.cluster_autoscaler}")
    assert any("observability-platform-dev" in argument for argument in pod["command"])
    assert {"name": "AWS_REGION", "value": "us-east-1"} in pod["env"]
    assert ("ServiceAccount", "cluster-autoscaler") in rendered


def test_the_metrics_server_checks_the_kubelets_certificates() -> None:
    arguments = container(render(versions.METRICS_SERVER_CHART), "metrics-server")["args"]
    assert "--kubelet-insecure-tls" not in arguments


@every_chart
def test_what_a_chart_deploys_has_requests_and_a_memory_limit(chart: HelmChart) -> None:
    resources = container(render(chart), chart.name)["resources"]
    assert resources["requests"].keys() == {"cpu", "memory"}
    assert resources["limits"].keys() == {"memory"}


@every_chart
def test_a_chart_comes_from_its_publisher_in_one_version(chart: HelmChart) -> None:
    release = inputs_of(plan_of("dev"), f"addons-{chart.name}")
    assert release["chart"] == chart.name
    assert release["version"] == chart.version
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
