"""The backend's release: what is set, what must never be, and what exists before it."""

import json

import pulumi
import pytest
import yaml
from pulumi import ResourceHookArgs

from infra.aws.bootstrap_image import refuse_rebuild
from infra.plan.model import SECRET
from tests.support.plan import ROOT, Tree, inputs_of, plan_of, plan_with, walk

stacks = pytest.mark.parametrize("stack", ["dev", "prod"])
RELEASE = "kubernetes:helm.sh/v3:Release"


def values_of(stack: str) -> Tree:
    values: Tree = inputs_of(plan_of(stack), "backend-release")["values"]
    return values


@stacks
def test_values_say_where_things_are_and_how_many(stack: str) -> None:
    assert values_of(stack) == {
        "image": {"repository": "<registry-backend.repositoryUrl>"},
        "serviceAccount": {"create": True, "name": "backend"},
        "config": {
            "environment": stack,
            "logLevel": "info",
            "otlpEndpoint": "http://jaeger.monitoring.svc.cluster.local:4318",
        },
        "database": {
            "host": "<database-instance.address>",
            "port": 5432,
            "name": "observability",
            "user": "observability",
            "existingSecret": "backend-database",
            "passwordKey": "password",
            "poolSize": 5,
        },
        "auth": {
            "existingSecret": "backend-auth",
            "adminTokenKey": "admin-token",
            "sessionKeyKey": "session-key",
            "ingestTokenKey": "alertmanager-token",
            "discoveryTokenKey": "discovery-token",
            "generation": "1.1.1",
        },
        "replicaCount": 2,
        "autoscaling": {"enabled": True, "minReplicas": 2, "maxReplicas": 10},
        "loadBalancer": {"cidrs": ["10.0.1.0/24", "10.0.2.0/24"], "idleTimeoutSeconds": 60},
        "networkPolicy": {
            "monitoringNamespace": "monitoring",
            "databaseCidrs": ["10.0.21.0/24", "10.0.22.0/24"],
        },
        "serviceMonitor": {"enabled": True},
        "prometheusRule": {"enabled": True},
        "dashboards": {"enabled": True},
        "databaseExporter": {"enabled": True, "generation": "1"},
    }


@stacks
def test_pulumi_leaves_the_tag_to_make_release(stack: str) -> None:
    release = plan_of(stack)["backend-release"].inputs
    assert "tag" not in values_of(stack)["image"]
    assert release["reuseValues"] is True
    assert (ROOT / str(release["chart"])).resolve() == ROOT / "charts" / "backend"
    assert "version" not in release
    assert "repositoryOpts" not in release


@stacks
def test_every_release_has_a_fixed_name_and_waits(stack: str) -> None:
    for release in plan_of(stack).of_type(RELEASE):
        inputs = release.inputs
        assert inputs["name"]
        assert inputs["atomic"] is False
        assert "skipAwait" not in inputs
        assert inputs["maxHistory"] in {5, 10}


@stacks
def test_no_secret_is_in_a_plain_input(stack: str) -> None:
    """Secret inputs are marked; here are all of them, and everything named like one is."""
    secret_inputs = {
        f"{resource.name}.{path}"
        for resource in plan_of(stack).resources
        for path, value in walk(resource.inputs)
        if value == SECRET
    }
    assert secret_inputs == {
        "database-instance.password",
        "backend-database-secret.stringData",
        "backend-auth-secret.stringData",
        "observability-grafana-admin.stringData",
        "observability-alertmanager-backend.stringData",
        "observability-prometheus-backend.stringData",
        "bootstrap-image-build.registries.0.password",
    }


@stacks
def test_no_output_is_a_secret_or_comes_from_one(stack: str) -> None:
    outputs = plan_of(stack).outputs
    assert set(outputs) == {
        "url",
        "region",
        "clusterName",
        "kubeconfig",
        "registry",
        "imagePlatforms",
        "databaseEndpoint",
        "databaseName",
        "databaseUser",
        "finalSnapshot",
        "namespace",
        "release",
        "databaseSecret",
        "authSecret",
        "grafana",
        "grafanaPassword",
    }
    assert SECRET not in json.dumps(outputs)
    assert "result>" not in json.dumps(outputs)
    assert outputs["url"] == "http://<load-balancer-alb.dnsName>"


@stacks
def test_secrets_exist_before_the_release_which_migrates_first(stack: str) -> None:
    plan = plan_of(stack)
    secrets = {
        secret.name: secret.inputs
        for secret in plan.of_type("kubernetes:core/v1:Secret")
        if secret.parent == "backend"
    }
    assert {name: s["metadata"] for name, s in secrets.items()} == {
        "backend-database-secret": {"name": "backend-database", "namespace": "observability"},
        "backend-auth-secret": {"name": "backend-auth", "namespace": "observability"},
    }
    assert secrets.keys() <= set(plan["backend-release"].depends_on)


@stacks
def test_the_namespace_gates_readiness_and_restricts_pods(stack: str) -> None:
    namespace = inputs_of(plan_of(stack), "backend-namespace")
    assert namespace["metadata"]["labels"] == {
        "elbv2.k8s.aws/pod-readiness-gate-inject": "enabled",
        "pod-security.kubernetes.io/enforce": "restricted",
    }


@stacks
def test_the_binding_hands_the_services_pods_to_the_target_group(stack: str) -> None:
    binding = inputs_of(plan_of(stack), "backend-target-group-binding")
    assert binding["spec"] == {
        "serviceRef": {"name": "backend", "port": 8000},
        "targetGroupARN": "<load-balancer-backend.arn>",
        "targetType": "ip",
        "ipAddressType": "ipv4",
        "vpcID": "<network-vpc.id>",
    }
    # The controller deletes bindings with these labels, which are its own.
    assert "labels" not in binding["metadata"]


@pytest.mark.parametrize(
    ("setting", "resource"),
    [
        ("databasePassword", "database-password"),
        ("adminToken", "backend-admin-token"),
        ("sessionKey", "backend-session-key"),
        ("alertmanagerToken", "observability-alertmanager-token"),
        ("discoveryToken", "observability-discovery-token"),
        ("grafanaPassword", "observability-grafana-password"),
    ],
)
def test_a_raised_number_replaces_one_secret_and_no_other(setting: str, resource: str) -> None:
    def rotate(values: Tree) -> None:
        values["secretVersions"] = {setting: 2}

    passwords = plan_with(rotate).of_type("random:index/randomPassword:RandomPassword")
    keepers = {password.name: password.inputs["keepers"] for password in passwords}
    assert len(keepers) == 6
    assert {name for name, keeper in keepers.items() if keeper == {"version": "2"}} == {resource}


def test_a_new_database_password_restarts_the_exporter_which_reads_it_once() -> None:
    def rotate(values: Tree) -> None:
        values["secretVersions"] = {"databasePassword": 2}

    values = inputs_of(plan_with(rotate), "backend-release")["values"]
    assert values["databaseExporter"] == {"enabled": True, "generation": "2"}


def test_more_replicas_reach_the_chart_from_one_place() -> None:
    def scale(values: Tree) -> None:
        values["backend"] |= {"replicas": 3, "maxReplicas": 3, "databasePoolSize": 4}

    values = inputs_of(plan_with(scale), "backend-release")["values"]
    assert values["replicaCount"] == 3
    assert values["autoscaling"] == {"enabled": False, "minReplicas": 3, "maxReplicas": 3}
    assert values["database"]["poolSize"] == 4


def test_the_first_image_carries_the_charts_app_version_and_stays_when_no_longer_built() -> None:
    chart = yaml.safe_load((ROOT / "charts/backend/Chart.yaml").read_text())
    image = plan_of("dev")["bootstrap-image-build"]
    assert image.inputs["tags"] == [f"<registry-backend.repositoryUrl>:{chart['appVersion']}"]
    assert image.inputs["push"] is True
    assert image.retain_on_delete
    assert "bootstrap-image-build" in plan_of("dev")["backend-release"].depends_on


def test_without_a_build_the_registry_is_expected_to_have_the_image() -> None:
    def expect_image(values: Tree) -> None:
        values["backend"]["buildImage"] = False

    assert not [r for r in plan_with(expect_image).resources if "image" in r.name]


@pytest.mark.parametrize(
    ("old", "new", "refused"), [("1.0.0", "1.0.0", True), ("1.0.0", "1.1.0", False)]
)
def test_a_tag_is_built_once(old: str, new: str, *, refused: bool) -> None:
    arguments = ResourceHookArgs(
        urn="urn",
        id="id",
        name="image",
        type="docker-build:index:Image",
        old_inputs={"tags": [old]},
        new_inputs={"tags": [new]},
    )
    if refused:
        with pytest.raises(pulumi.RunError, match=r"Set backend\.buildImage to false"):
            refuse_rebuild(arguments)
    else:
        refuse_rebuild(arguments)
