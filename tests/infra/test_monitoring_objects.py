"""What the monitoring charts make of our values is what the API server takes."""

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from infra import versions
from infra.versions import HelmChart
from tests.support.chart import Tree, check_shape
from tests.support.operator_kinds import check_operator_shape, is_operators
from tests.support.plan import plan_of
from tests.support.pod_requests import workloads
from tests.support.third_party import CHARTS, MONITORING_CHARTS, Release, rendered

stacks = pytest.mark.parametrize("stack", ["dev", "prod"])
every_chart = pytest.mark.parametrize("chart", MONITORING_CHARTS, ids=lambda chart: chart.name)
# Definitions of kinds: their schema is not among those of the built-in kinds.
NOT_BUILT_IN = {"CustomResourceDefinition"}


@stacks
@every_chart
def test_every_object_has_the_shape_of_its_kind(chart: HelmChart, stack: str) -> None:
    objects = rendered(chart, stack).objects.values()
    assert objects
    for item in objects:
        if is_operators(item):
            check_operator_shape(item)
        elif item["kind"] not in NOT_BUILT_IN:
            check_shape(item, "1.36")


def test_the_definitions_are_kept_when_their_release_goes() -> None:
    definitions = rendered(MONITORING_CHARTS[0]).of_kind("CustomResourceDefinition")
    assert len(definitions) == 10
    for definition in definitions:
        assert definition["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


@every_chart
def test_nothing_but_the_definitions_release_brings_definitions(chart: HelmChart) -> None:
    brought = rendered(chart).of_kind("CustomResourceDefinition")
    assert bool(brought) == (chart is MONITORING_CHARTS[0])


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)
def test_every_container_has_requests_and_a_memory_limit(chart: HelmChart) -> None:
    """Without requests a pod is the first to be evicted; without a limit it can take the node."""
    for name, resources in containers(rendered(chart)):
        assert {"cpu", "memory"} <= (resources.get("requests") or {}).keys(), name
        assert "memory" in (resources.get("limits") or {}), name


def containers(release: Release) -> Iterator[tuple[str, Tree]]:
    for item in release.of_kind("Deployment", "StatefulSet", "DaemonSet"):
        pod = item["spec"]["template"]["spec"]
        for container in (*pod["containers"], *(pod.get("initContainers") or [])):
            name = f"{item['metadata']['name']}/{container['name']}"
            yield name, container.get("resources") or {}
    for item in release.of_kind("Prometheus", "Alertmanager"):
        yield item["metadata"]["name"], item["spec"]["resources"]


@stacks
def test_every_volume_names_a_class_that_the_program_makes(stack: str) -> None:
    """EKS has no default class: a claim without a class, or with another one, waits forever."""
    made = {
        str(dict(r.inputs)["metadata"]["name"])  # type: ignore[index,call-overload]  # a map
        for r in plan_of(stack).of_type("kubernetes:storage.k8s.io/v1:StorageClass")
    }
    claims = [
        claim
        for chart in MONITORING_CHARTS
        for item in rendered(chart, stack).objects.values()
        for claim in claims_of(item)
    ]
    assert len(claims) == 5, "Prometheus, Alertmanager, Grafana, Loki and Jaeger"
    assert {claim["storageClassName"] for claim in claims} == made == {"gp3"}


def claims_of(item: Tree) -> Iterator[Tree]:
    spec: dict[str, Any] = item.get("spec") or {}
    if item["kind"] == "PersistentVolumeClaim":
        yield spec
    elif item["kind"] == "StatefulSet":
        yield from (claim["spec"] for claim in spec.get("volumeClaimTemplates") or [])
    elif item["kind"] in {"Prometheus", "Alertmanager"}:
        yield spec["storage"]["volumeClaimTemplate"]["spec"]


def test_one_replica_with_a_volume_never_waits_for_itself() -> None:
    """A rolling update would start a second pod, which waits for the volume of the first."""
    for chart in MONITORING_CHARTS:
        for item in rendered(chart).of_kind("Deployment"):
            volumes = item["spec"]["template"]["spec"].get("volumes") or []
            if any("persistentVolumeClaim" in volume for volume in volumes):
                assert item["spec"]["strategy"] == {"type": "Recreate"}, item["metadata"]["name"]


def test_only_the_operator_reads_secrets_of_the_whole_cluster() -> None:
    """It writes its pods' configuration into them. Charts give the right away freely."""
    readers = {
        role["metadata"]["name"]
        for chart in CHARTS
        for role in rendered(chart).of_kind("ClusterRole")
        for rule in role["rules"]
        if {"secrets", "*"} & set(rule.get("resources") or [])
    }
    assert readers == {"kps-operator"}


def test_grafanas_sidecars_may_read_what_they_look_for() -> None:
    release = rendered(versions.PROMETHEUS_STACK_CHART)
    binding = release["ClusterRoleBinding", "kps-grafana-clusterrolebinding"]
    [rule] = release["ClusterRole", binding["roleRef"]["name"]]["rules"]
    assert rule["resources"] == ["configmaps"]
    pod = release["Deployment", "kps-grafana"]["spec"]["template"]["spec"]
    sidecars = {c["name"]: c for c in (*pod["containers"], *pod["initContainers"])}
    for name in ("grafana-sc-dashboard", "grafana-init-sc-datasources"):
        looked_for = {v["name"]: v.get("value") for v in sidecars[name]["env"]}["RESOURCE"]
        assert f"{looked_for}s" in rule["resources"], name


def test_no_budget_blocks_the_drain_of_a_node() -> None:
    for chart in MONITORING_CHARTS:
        single = {w.name for w in workloads(rendered(chart).objects.values()) if w.pods == 1}
        for budget in rendered(chart).of_kind("PodDisruptionBudget"):
            assert budget["metadata"]["name"] not in single


def test_the_validator_refuses_a_misspelt_field() -> None:
    """Guard: a validator that accepts everything would leave the tests above green."""
    prometheus = rendered(MONITORING_CHARTS[1]).of_kind("Prometheus")[0]
    spoilt = {**prometheus, "spec": {**prometheus["spec"], "retentions": "5d"}}
    with pytest.raises(jsonschema.ValidationError, match="retentions"):
        check_operator_shape(spoilt)
