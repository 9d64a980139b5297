"""Every arrow of the monitoring stack ends where the other side is, on rendered objects.

Metrics and alerts here; logs, traces and Grafana in test_correlation.py.
"""

from urllib.parse import urlsplit

import pytest

from backend.app import create_app
from backend.settings import Settings
from infra import naming, versions
from infra.third_party.alertmanager import HEARTBEATS, WAY_TO_BACKEND
from tests.support.alertmanager_config import configuration
from tests.support.backend_release import rendered_backend
from tests.support.chart import Tree
from tests.support.plan import inputs_of, plan_of
from tests.support.rules import alerts_of
from tests.support.services import Service, find_service, service_of
from tests.support.third_party import MONITORING_CHARTS, rendered

stacks = pytest.mark.parametrize("stack", ["dev", "prod"])
# The file of the migration says what its token may do.
SCOPES = {naming.ALERTMANAGER_TOKEN: "ingest-token", naming.DISCOVERY_TOKEN: "discovery-token"}
INGRESS_OF_MONITORING = {
    "namespaceSelector": {
        "matchLabels": {"kubernetes.io/metadata.name": naming.MONITORING_NAMESPACE}
    }
}


def prometheus(stack: str) -> Tree:
    spec: Tree = rendered(versions.PROMETHEUS_STACK_CHART, stack)["Prometheus", "kps"]["spec"]
    return spec


@stacks
def test_prometheus_takes_every_monitor_and_rule_of_the_cluster(stack: str) -> None:
    spec = prometheus(stack)
    for kind in ("serviceMonitor", "podMonitor", "rule", "probe", "scrapeConfig"):
        assert spec[f"{kind}Selector"] == {}, kind
        assert spec[f"{kind}NamespaceSelector"] == {}, kind


@stacks
def test_prometheus_scrapes_the_backend_and_its_worker(stack: str) -> None:
    backend = rendered_backend(stack)
    monitor = backend["ServiceMonitor", "backend"]["spec"]
    service = backend["Service", "backend"]
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    [endpoint] = monitor["endpoints"]
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    worker = backend["PodMonitor", "backend-worker"]["spec"]
    pod = backend["Deployment", "backend-worker"]["spec"]["template"]
    assert worker["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    [container] = pod["spec"]["containers"]
    [endpoint] = worker["podMetricsEndpoints"]
    assert endpoint["port"] in {port["name"] for port in container["ports"]}


@stacks
@pytest.mark.parametrize("policy", ["backend-api", "backend-worker"])
def test_the_backends_pods_let_monitoring_in(stack: str, policy: str) -> None:
    [ingress] = rendered_backend(stack)["NetworkPolicy", policy]["spec"]["ingress"]
    assert INGRESS_OF_MONITORING in ingress["from"]
    for release in ("observability-kps", "observability-jaeger", "observability-loki"):
        assert inputs_of(plan_of(stack), release)["namespace"] == naming.MONITORING_NAMESPACE


@stacks
def test_the_backends_rules_and_dashboards_are_installed(stack: str) -> None:
    backend = rendered_backend(stack)
    assert ("PrometheusRule", "backend") in backend.objects
    labels = backend["ConfigMap", "backend-dashboards"]["metadata"]["labels"]
    grafana = rendered(versions.PROMETHEUS_STACK_CHART, stack)["Deployment", "kps-grafana"]
    [sidecar] = [
        container
        for container in grafana["spec"]["template"]["spec"]["containers"]
        if container["name"] == "grafana-sc-dashboard"
    ]
    settings = {variable["name"]: variable.get("value") for variable in sidecar["env"]}
    assert settings["NAMESPACE"] == "ALL"
    label = {settings["LABEL"]: settings["LABEL_VALUE"]}
    assert label.items() <= labels.items()
    for board in plan_of(stack).of_type("kubernetes:core/v1:ConfigMap"):
        assert inputs_of(plan_of(stack), board.name)["metadata"]["labels"] == label


@stacks
def test_every_monitor_of_the_stack_selects_a_service_and_a_port_of_it(stack: str) -> None:
    """A monitor that selects nothing is no error: its metrics are just not there."""
    found = 0
    for chart in MONITORING_CHARTS:
        release = rendered(chart, stack)
        for monitor in release.of_kind("ServiceMonitor"):
            if monitor["metadata"]["name"] in {"kps-apiserver", "kps-kubelet"}:
                continue  # Services of Kubernetes and of the operator, not of a chart
            service = service_of(monitor, release)
            ports = {port["name"] for port in service["spec"]["ports"]}
            for endpoint in monitor["spec"]["endpoints"]:
                assert endpoint["port"] in ports, monitor["metadata"]["name"]
            found += 1
    assert found >= 9


@stacks
def test_alertmanager_delivers_to_the_backends_webhook(stack: str) -> None:
    [webhook] = receiver_of(stack, "backend")["webhook_configs"]
    url = urlsplit(webhook["url"])
    service = rendered_backend(stack)["Service", naming.RELEASE]
    assert url.hostname == f"{naming.RELEASE}.{naming.NAMESPACE}.svc.cluster.local"
    assert url.port in {port["port"] for port in service["spec"]["ports"]}
    settings = Settings(database_host="x", database_name="x", database_user="x")
    operation = create_app(settings).openapi()["paths"][url.path]
    assert "post" in operation
    assert webhook["send_resolved"] is True


def assert_shared(token: naming.SharedToken, stack: str) -> None:
    """Check that what is shown is what the migration stores, with the scope of its file."""
    plan = plan_of(stack)
    for holder in (f"observability-{token.secret}", "backend-auth-secret"):
        assert f"observability-{token.key}" in plan[holder].depends_on
    volumes = rendered_backend(stack)["Job", "backend-migrate"]["spec"]["template"]["spec"][
        "volumes"
    ]
    [file] = [
        (volume["name"], volume["secret"]["secretName"])
        for volume in volumes
        for item in volume.get("secret", {}).get("items", [])
        if item["key"] == token.key
    ]
    assert file == (SCOPES[token], naming.AUTH_SECRET)


@stacks
def test_the_token_that_alertmanager_shows_is_the_one_that_the_migration_stores(
    stack: str,
) -> None:
    [webhook] = receiver_of(stack, "backend")["webhook_configs"]
    authorization = webhook["http_config"]["authorization"]
    *folder, secret, key = authorization["credentials_file"].split("/")
    assert (authorization["type"], "/".join(folder)) == ("Bearer", "/etc/alertmanager/secrets")
    assert secret in alertmanager(stack)["secrets"]
    assert (secret, key) == (naming.ALERTMANAGER_TOKEN.secret, naming.ALERTMANAGER_TOKEN.key)
    assert_shared(naming.ALERTMANAGER_TOKEN, stack)


@stacks
def test_alertmanager_may_publish_to_the_topic_that_it_names(stack: str) -> None:
    [topic] = receiver_of(stack, "direct")["sns_configs"]
    assert topic["topic_arn"] == "<notifications-topic.arn>"
    assert topic["sigv4"] == {"region": "us-east-1"}
    association = inputs_of(plan_of(stack), "kps-alertmanager-association")
    release = rendered(versions.PROMETHEUS_STACK_CHART, stack)
    account = release["ServiceAccount", alertmanager(stack)["serviceAccountName"]]
    assert association["serviceAccount"] == account["metadata"]["name"]
    assert association["namespace"] == account["metadata"]["namespace"]
    assert "kps-alertmanager-association" in plan_of(stack).waits_for("observability-kps")
    policy = inputs_of(plan_of(stack), "kps-alertmanager-policy")["policy"]
    assert "<notifications-topic.arn>" in policy
    assert "sns:Publish" in policy


@stacks
def test_alerts_that_reach_people_directly_exist(stack: str) -> None:
    rules = [
        *rendered(versions.PROMETHEUS_STACK_CHART, stack).of_kind("PrometheusRule"),
        rendered_backend(stack)["PrometheusRule", "backend"],
    ]
    alerts = {rule["alert"] for rule in alerts_of(item["spec"] for item in rules)}
    assert set(WAY_TO_BACKEND) <= alerts
    assert set(HEARTBEATS) <= alerts


@stacks
def test_alarms_outside_look_at_the_targets_and_the_database(stack: str) -> None:
    plan = plan_of(stack)
    alarms = {
        alarm.name: dict(alarm.inputs)
        for alarm in plan.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
    }
    assert {name: a["metricName"] for name, a in alarms.items()} == {
        "alarms-no-healthy-target": "HealthyHostCount",
        "alarms-unhealthy-target": "UnHealthyHostCount",
        "alarms-database-space": "FreeStorageSpace",
        "alarms-database-memory": "FreeableMemory",
        "alarms-database-connections": "DatabaseConnections",
        "alarms-database-credits": "CPUCreditBalance",
    }
    targets = {
        "LoadBalancer": "<load-balancer-alb.arnSuffix>",
        "TargetGroup": "<load-balancer-backend.arnSuffix>",
    }
    assert alarms["alarms-no-healthy-target"]["dimensions"] == targets
    assert alarms["alarms-unhealthy-target"]["dimensions"] == targets
    database = {"DBInstanceIdentifier": "<database-instance.identifier>"}
    for name, alarm in alarms.items():
        if name.startswith("alarms-database-"):
            assert alarm["dimensions"] == database
    for alarm in alarms.values():
        assert alarm["alarmActions"] == ["<notifications-topic.arn>"]
        assert alarm["okActions"] == ["<notifications-topic.arn>"]
    assert alarms["alarms-no-healthy-target"]["treatMissingData"] == "breaching"


@stacks
def test_opencost_asks_prometheus_and_is_scraped_by_it(stack: str) -> None:
    release = rendered(versions.OPENCOST_CHART, stack)
    containers = release["Deployment", "opencost"]["spec"]["template"]["spec"]["containers"]
    settings = {
        variable["name"]: variable.get("value")
        for container in containers
        for variable in container.get("env") or []
    }
    endpoint = str(settings["PROMETHEUS_SERVER_ENDPOINT"])
    assert find_service(endpoint, stack) == Service("kps-prometheus", "monitoring", 9090)
    assert settings["CLUSTER_ID"] == f"observability-platform-{stack}"
    assert release.of_kind("ServiceMonitor")


def receiver_of(stack: str, name: str) -> Tree:
    [found] = [item for item in configuration(stack)["receivers"] if item["name"] == name]
    receiver: Tree = found
    return receiver


def alertmanager(stack: str) -> Tree:
    spec: Tree = rendered(versions.PROMETHEUS_STACK_CHART, stack)["Alertmanager", "kps"]["spec"]
    return spec
