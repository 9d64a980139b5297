"""The namespace `monitoring` allows exactly the connections of the rendered objects."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from infra import naming, versions
from infra.config.observability import ObservabilityOptions
from infra.monitoring.allowed_connections import (
    ALERTMANAGER,
    ALLOWED_CONNECTIONS,
    ALLOY,
    BACKEND,
    CONTROL_PLANE,
    GRAFANA,
    LOKI,
    OPENCOST,
    PROMETHEUS,
    AllowedConnection,
)
from infra.plan.model import Plan
from infra.third_party.installed import installed
from tests.support.chart import Tree, check_shape
from tests.support.monitoring_pods import Pod, monitoring_pods
from tests.support.plan import inputs_of, plan_of, plan_with
from tests.support.services import service_of
from tests.support.third_party import MONITORING_CHARTS, rendered

POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
# Services of Kubernetes, not of the stack.
ELSEWHERE = {"kps-apiserver", "kps-kubelet", "kps-coredns"}

# Of all programs, because the defaults install all of them.
POD_LABELS_OF = {
    pods.name: pods.labels for pods in installed(ObservabilityOptions()) if pods.labels
}

stacks = pytest.mark.parametrize("stack", ["dev", "prod"])


def pod_of(selector: Tree, stack: str) -> Pod:
    [pod] = [pod for pod in monitoring_pods(stack) if pod.has(selector)]
    return pod


def workload_of(pod: Pod) -> str:
    [name] = [name for name, labels in POD_LABELS_OF.items() if pod.has(labels)]
    return name


def connection(source: str, service: Tree, port: str | int, stack: str) -> AllowedConnection:
    """Follow a Service's port, by its name or number, to the pod."""
    [found] = [p for p in service["spec"]["ports"] if port in {p["port"], p.get("name")}]
    pod = pod_of(service["spec"]["selector"], stack)
    return AllowedConnection(
        source, workload_of(pod), pod.ports[found.get("targetPort", found["port"])]
    )


def to_address(source: str, url: str, stack: str) -> AllowedConnection:
    parts = urlsplit(url)
    name = str(parts.hostname).split(".")[0]
    [service] = [
        item
        for chart in MONITORING_CHARTS
        for item in rendered(chart, stack).of_kind("Service")
        if item["metadata"]["name"] == name
    ]
    return connection(source, service, int(str(parts.port)), stack)


def scrapes(stack: str) -> Iterator[AllowedConnection]:
    for chart in MONITORING_CHARTS:
        release = rendered(chart, stack)
        for monitor in release.of_kind("ServiceMonitor"):
            if monitor["metadata"]["name"] in ELSEWHERE:
                continue
            service = service_of(monitor, release)
            if pod_of(service["spec"]["selector"], stack).on_the_nodes_network:
                continue
            for endpoint in monitor["spec"]["endpoints"]:
                yield connection(PROMETHEUS, service, endpoint["port"], stack)


def alerts_and_rules(stack: str) -> Iterator[AllowedConnection]:
    release = rendered(versions.PROMETHEUS_STACK_CHART, stack)
    for receiver in release["Prometheus", "kps"]["spec"]["alerting"]["alertmanagers"]:
        yield connection(PROMETHEUS, release["Service", receiver["name"]], receiver["port"], stack)
    for kind in ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"):
        for configuration in release.of_kind(kind):
            for webhook in configuration["webhooks"]:
                client = webhook["clientConfig"]["service"]
                service = release["Service", client["name"]]
                yield connection(CONTROL_PLANE, service, client.get("port", 443), stack)


def data_sources(stack: str) -> Iterator[AllowedConnection]:
    release = rendered(versions.PROMETHEUS_STACK_CHART, stack)
    content = release["ConfigMap", "kps-grafana-datasource"]["data"]
    for text in content.values():
        for source in yaml.safe_load(text)["datasources"]:
            yield to_address(GRAFANA, source["url"], stack)


def logs_traces_and_cost(stack: str) -> Iterator[AllowedConnection]:
    alloy = rendered(versions.ALLOY_CHART, stack)["ConfigMap", "alloy"]["data"]["config.alloy"]
    for url in re.findall(r'url = "(http[^"]+)"', alloy):
        yield to_address(ALLOY, url, stack)
    loki = rendered(versions.LOKI_CHART, stack)
    for service, port in (("loki-memberlist", "tcp"), ("loki", "grpc")):
        yield connection(LOKI, loki["Service", service], port, stack)
    values = inputs_of(plan_of(stack), "backend-release")["values"]
    yield to_address(BACKEND, values["config"]["otlpEndpoint"], stack)
    opencost = rendered(versions.OPENCOST_CHART, stack)["Deployment", "opencost"]
    for container in opencost["spec"]["template"]["spec"]["containers"]:
        for variable in container.get("env") or []:
            if variable["name"] == "PROMETHEUS_SERVER_ENDPOINT":
                yield to_address(OPENCOST, variable["value"], stack)


@stacks
def test_every_connection_is_allowed_and_no_other(stack: str) -> None:
    wired = {
        *scrapes(stack),
        *alerts_and_rules(stack),
        *data_sources(stack),
        *logs_traces_and_cost(stack),
    }
    assert wired == set(ALLOWED_CONNECTIONS)
    assert len(wired) == len(ALLOWED_CONNECTIONS)


@stacks
def test_one_policy_selects_every_pod(stack: str) -> None:
    for name, labels in POD_LABELS_OF.items():
        assert [pod for pod in monitoring_pods(stack) if pod.has(labels)], name
    for pod in monitoring_pods(stack):
        reached = [name for name, labels in POD_LABELS_OF.items() if pod.has(labels)]
        assert len(reached) == (0 if pod.on_the_nodes_network else 1), pod.name


@stacks
def test_the_program_makes_these_policies_and_closes_the_rest(stack: str) -> None:
    plan = plan_of(stack)
    assert policies(plan)["default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress"]}
    assert set(allowed_by(plan)) == set(ALLOWED_CONNECTIONS)
    assert len(allowed_by(plan)) == len(ALLOWED_CONNECTIONS)
    for policy in plan.of_type(POLICY):
        check_shape({**policy.inputs}, "1.36")
        assert inputs_of(plan, policy.name)["metadata"]["namespace"] == "monitoring"


def test_the_denial_comes_after_every_allowed_connection() -> None:
    waits = plan_of("dev").waits_for("observability-default-deny")
    assert {f"observability-to-{target}" for target in POD_LABELS_OF} <= waits


def test_what_is_not_installed_has_no_policy_and_is_allowed_nowhere() -> None:
    def without_logs_and_cost(values: Tree) -> None:
        values["observability"] |= {"logs": {"enabled": False}, "cost": {"enabled": False}}

    gone = {LOKI, ALLOY, OPENCOST}
    left = {a for a in ALLOWED_CONNECTIONS if not {a.source, a.target} & gone}
    assert set(allowed_by(plan_with(without_logs_and_cost))) == left
    assert AllowedConnection(PROMETHEUS, ALERTMANAGER, 9093) in left


def policies(plan: Plan) -> dict[str, Any]:
    found = [inputs_of(plan, policy.name) for policy in plan.of_type(POLICY)]
    return {
        policy["metadata"]["name"]: policy["spec"]
        for policy in found
        if policy["spec"]["policyTypes"] == ["Ingress"]
    }


def allowed_by(plan: Plan) -> list[AllowedConnection]:
    """Read the policies back."""
    return [
        AllowedConnection(
            name_of(peer), name_of({"podSelector": spec["podSelector"]}), port["port"]
        )
        for spec in policies(plan).values()
        for rule in spec.get("ingress", [])
        for peer in rule["from"]
        for port in rule["ports"]
        if port["protocol"] == "TCP"
    ]


def name_of(peer: Tree) -> str:
    backend = {"matchLabels": {"kubernetes.io/metadata.name": naming.NAMESPACE}}
    if peer == {"namespaceSelector": backend}:
        return BACKEND
    if peer == {"ipBlock": {"cidr": "10.0.0.0/16"}}:
        return CONTROL_PLANE
    [name] = [
        n for n, labels in POD_LABELS_OF.items() if peer["podSelector"]["matchLabels"] == labels
    ]
    return name
