"""The monitoring stack in the plan: what is there, and what a switch takes away."""

import json

import pytest

from infra.plan.model import Plan
from tests.support.chart import merged
from tests.support.plan import Tree, inputs_of, plan_of, plan_with

stacks = pytest.mark.parametrize("stack", ["dev", "prod"])
RELEASES = {"prometheus-operator-crds", "kps", "loki", "alloy", "jaeger", "opencost"}

WITHOUT_METRICS = {"metrics": {"enabled": False}, "cost": {"enabled": False}}


def plan_without(**parts: object) -> Plan:
    def change(values: Tree) -> None:
        values["observability"] = merged(values["observability"], parts)

    return plan_with(change)


def releases(plan: Plan) -> set[str]:
    return {
        str(release.inputs["name"])
        for release in plan.of_type("kubernetes:helm.sh/v3:Release")
        if release.parent == "observability"
    }


@pytest.mark.parametrize(
    ("parts", "gone"),
    [
        ({"cost": {"enabled": False}}, {"opencost"}),
        ({"logs": {"enabled": False}}, {"loki", "alloy"}),
        ({"traces": {"enabled": False}}, {"jaeger"}),
        (WITHOUT_METRICS, {"kps", "opencost"}),
        ({"enabled": False}, RELEASES),
    ],
)
def test_each_part_can_be_off(parts: Tree, gone: set[str]) -> None:
    plan = plan_without(**parts)
    assert releases(plan) == RELEASES - gone
    kinds = {r.type.rpartition(":")[2] for r in plan.resources if "monitoring.coreos" in r.type}
    assert kinds == (set() if "kps" in gone else {"PrometheusRule", "ScrapeConfig"})
    config = inputs_of(plan, "backend-release")["values"]["config"]
    assert (config["otlpEndpoint"] == "") == ("jaeger" in gone)


def test_without_any_of_it_the_backend_says_so_in_its_values() -> None:
    """Left out, a value of an earlier `pulumi up` would stay: the release reuses values."""
    plan = plan_without(enabled=False)
    values = inputs_of(plan, "backend-release")["values"]
    off = {"enabled": False}
    assert values["databaseExporter"] == {"enabled": False, "generation": ""}
    assert (values["serviceMonitor"], values["prometheusRule"], values["dashboards"]) == (off,) * 3
    assert values["auth"]["ingestTokenKey"] == values["auth"]["discoveryTokenKey"] == ""
    kinds = {resource.type for resource in plan.resources}
    assert not {kind for kind in kinds if "sns" in kind or "metricAlarm" in kind}
    assert "grafana" not in plan.outputs


def test_alarms_can_be_off_alone_and_the_topic_stays_for_alertmanager() -> None:
    names = {resource.name for resource in plan_without(alarms=False).resources}
    assert "alarms" not in names
    assert "notifications-topic" in names


def test_alarms_have_their_topic_also_when_alertmanager_uses_another_way() -> None:
    chosen = {"receiver": "webhook", "url": "https://hooks.example.com"}
    plan = plan_without(notifications=chosen)
    names = {resource.name for resource in plan.resources}
    assert {"notifications-topic", "alarms-no-healthy-target"} <= names
    assert "kps-alertmanager-role" not in names


def database_alarms(instance_class: str) -> dict[str, Tree]:
    def change(values: Tree) -> None:
        values["database"]["instanceClass"] = instance_class

    alarms = plan_with(change).of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
    return {
        alarm.name: dict(alarm.inputs)
        for alarm in alarms
        if alarm.name.startswith("alarms-database-")
    }


def test_alarms_on_the_database_fit_its_class() -> None:
    alarms = database_alarms("db.t3.micro")
    thresholds = {name: alarm["threshold"] for name, alarm in alarms.items()}
    gib = 1024**3
    assert thresholds == {
        "alarms-database-space": 2 * gib,
        "alarms-database-memory": gib // 20,
        "alarms-database-connections": 75,
        "alarms-database-credits": 28,
    }
    # Longer than a new instance, which begins without credits, needs to earn so many.
    credits_alarm = alarms["alarms-database-credits"]
    hours = credits_alarm["period"] * credits_alarm["evaluationPeriods"] / 3600
    assert hours > 28 / 12


def test_a_class_without_credits_has_no_alarm_on_them() -> None:
    assert "alarms-database-credits" not in database_alarms("db.m7g.large")
    assert "alarms-database-memory" in database_alarms("db.m7g.large")


@stacks
def test_the_passwords_are_random_secrets_that_exist_before_the_release(stack: str) -> None:
    plan = plan_of(stack)
    values = inputs_of(plan, "observability-kps")["values"]["grafana"]["admin"]
    secret = inputs_of(plan, "observability-grafana-admin")
    assert secret["metadata"] == {"name": values["existingSecret"], "namespace": "monitoring"}
    assert secret["stringData"] == "[secret]"
    assert "observability-grafana-password" in plan["observability-grafana-admin"].depends_on


def test_the_buckets_objects_are_private_encrypted_and_reached_by_tls() -> None:
    plan = plan_of("prod")
    bucket = "<log-store-bucket.bucket>"
    beside = ("log-store-encryption", "log-store-private", "log-store-policy")
    assert {inputs_of(plan, name)["bucket"] for name in beside} == {bucket}
    closed = {k: v for k, v in inputs_of(plan, "log-store-private").items() if k != "bucket"}
    assert len(closed) == 4
    assert set(closed.values()) == {True}
    [deny] = json.loads(inputs_of(plan, "log-store-policy")["policy"])["Statement"]
    assert (deny["Effect"], deny["Principal"]) == ("Deny", "*")
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert inputs_of(plan, "log-store-bucket")["forceDestroy"] is False
    assert plan["log-store-bucket"].protect


def test_loki_may_use_its_bucket_and_no_other() -> None:
    policy = json.loads(inputs_of(plan_of("prod"), "loki-policy")["policy"])
    resources = {statement["Resource"] for statement in policy["Statement"]}
    assert resources == {"<log-store-bucket.arn>", "<log-store-bucket.arn>/*"}
