"""What exists before what; backwards, it is the order in which a stack is destroyed."""

import time

import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import resource_pb2

from infra import guard
from infra.plan.model import Plan, PlannedResource
from infra.plan.monitor import STACK_TYPE, Monitor
from infra.plan.property_values import plain_properties
from tests.support.plan import plan_of, plan_with

stacks = pytest.mark.parametrize("stack", ["dev", "prod"])

# (this, waits for that, because)
EDGES = [
    ("backend-release", "backend-target-group-binding", "pods get the readiness gate only then"),
    ("backend-release", "backend-database-secret", "migrations are the first thing it runs"),
    ("backend-release", "backend-auth-secret", "migrations store the first token"),
    ("backend-release", "database-instance", "migrations connect"),
    ("backend-release", "database-from-nodes", "migrations connect"),
    ("backend-release", "bootstrap-image-build", "pods pull it"),
    ("backend-release", "managed-addons-coredns", "pods resolve the database's name"),
    ("backend-release", "addons-metrics-server", "the autoscaler of pods asks it"),
    (
        "backend-target-group-binding",
        "addons-aws-load-balancer-controller",
        "it removes the binding's finalizer",
    ),
    ("backend-target-group-binding", "load-balancer-http", "targets are checked only then"),
    ("backend-namespace", "addons-aws-load-balancer-controller", "nothing in it gets stuck"),
    ("backend-namespace", "managed-addons-ebs-csi", "volumes can still be detached"),
    (
        "addons-aws-load-balancer-controller",
        "aws-load-balancer-controller-association",
        "credentials are given to new pods only",
    ),
    (
        "addons-aws-load-balancer-controller",
        "aws-load-balancer-controller-policy",
        "it deregisters targets until the end",
    ),
    ("addons-aws-load-balancer-controller", "managed-addons-pod-identity", "credentials"),
    ("addons-aws-load-balancer-controller", "nodes-general", "it is a pod"),
    ("addons-aws-load-balancer-controller", "network-private-nat-us-east-1a", "it calls AWS"),
    ("addons-cluster-autoscaler", "cluster-autoscaler-association", "credentials"),
    (
        "backend-release",
        "observability-prometheus-operator-crds",
        "its monitors and rules are of kinds that come with them",
    ),
    (
        "observability-namespace",
        "managed-addons-ebs-csi",
        "its claims go with it, and with them the volumes",
    ),
    ("observability-namespace", "addons-gp3", "its claims name the class"),
    *[
        (f"observability-{name}", "observability-prometheus-operator-crds", "monitors")
        for name in ("kps", "loki", "alloy", "jaeger", "opencost")
    ],
    ("observability-kps", "observability-alertmanager-backend", "it is mounted"),
    ("observability-kps", "observability-grafana-admin", "Grafana reads it at its start"),
    ("observability-kps", "kps-alertmanager-association", "credentials"),
    *[
        (f"alarms-{role}", "backend-release", "before it there is nothing to report")
        for role in ("no-healthy-target", "unhealthy-target", "database-space")
    ],
    ("observability-alloy", "observability-loki", "it would have nobody to send to"),
    ("observability-opencost", "observability-kps", "it asks Prometheus at its start"),
    ("addons-gp3", "managed-addons-ebs-csi", "the class names the driver"),
    ("managed-addons-ebs-csi", "ebs-csi-policy", "it detaches volumes until the end"),
    ("managed-addons-ebs-csi", "managed-addons-pod-identity", "credentials"),
    ("managed-addons-coredns", "nodes-general", "it is a pod"),
    ("nodes-general", "cluster-eks", "prefix delegation is on before the first node"),
    ("nodes-general", "nodes-role-worker", "nodes join with it"),
    ("nodes-general", "nodes-role-cni", "nodes get addresses with it"),
    ("nodes-general", "network-private-nat-us-east-1a", "nodes reach ECR through it"),
    ("nodes-general", "network-private-us-east-1a-association", "the route is theirs only then"),
    ("nodes-general", "nodes-from-control-plane", "the control plane reaches kubelets"),
    ("cluster-eks", "cluster-logs", "EKS would make the group without retention"),
    ("cluster-eks", "cluster-role-policy", "EKS cleans up with it"),
    ("cluster-eks", "cluster-role-encryption", "Secrets are encrypted from the first"),
    ("load-balancer-alb", "network-public-internet", "AWS refuses it without"),
    ("network-nat-us-east-1a", "network-public-internet", "it works only with it"),
    ("kubernetes", "cluster-eks", "it needs the kubeconfig"),
]


@stacks
@pytest.mark.parametrize(
    ("later", "earlier", "because"),
    EDGES,
    ids=[f"{later}>{earlier}" for later, earlier, _ in EDGES],
)
def test_order(stack: str, later: str, earlier: str, because: str) -> None:
    assert earlier in plan_of(stack).waits_for(later), because


@stacks
def test_every_object_in_the_cluster_goes_before_the_nodes(stack: str) -> None:
    plan = plan_of(stack)
    objects = [r for r in plan.resources if r.type.startswith("kubernetes:")]
    assert len(objects) == 37
    for resource in objects:
        assert "nodes-general" in plan.waits_for(resource.name), resource.name


def test_nothing_of_the_cloud_is_registered_before_the_guard_has_accepted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A slow answer to the guard is what a busy machine makes of it."""
    register, answered = Monitor.RegisterResource, list[str]()

    def slow_for_the_guard(
        self: Monitor, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        if request.type == guard.TYPE:
            time.sleep(0.5)
        if request.custom or request.type == guard.TYPE:
            answered.append(request.type)
        return register(self, request)

    monkeypatch.setattr(Monitor, "RegisterResource", slow_for_the_guard)
    plan_with(lambda _: None)
    before = answered[: answered.index(guard.TYPE)]
    # A random value is in the state alone, until the database or a Secret takes it.
    assert {kind.partition("/")[0] for kind in before} <= {"random:index"}


def test_settings_count_as_reached_after_everything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    register, finish, seen = Monitor.RegisterResource, Monitor.RegisterResourceOutputs, list[str]()

    def registered(
        self: Monitor, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        seen.append(request.name)
        return register(self, request)

    def finished(
        self: Monitor, request: resource_pb2.RegisterResourceOutputsRequest
    ) -> empty_pb2.Empty:
        if request.urn.endswith("::guard-reached"):
            held = plain_properties(request.outputs)["settings"]
            assert isinstance(held, dict)
            seen.append(str(held["cluster.version"]))
        return finish(self, request)

    monkeypatch.setattr(Monitor, "RegisterResource", registered)
    monkeypatch.setattr(Monitor, "RegisterResourceOutputs", finished)
    plan_with(lambda values: values["cluster"].update(version="1.36"))
    before = seen[: seen.index("1.36")]
    assert {"backend-release", "database-instance", "nodes-general", "cluster-eks"} <= {*before}


@stacks
def test_the_listed_order_is_one_in_which_everything_can_be_created(stack: str) -> None:
    position = {resource.name: i for i, resource in enumerate(plan_of(stack).resources)}
    for resource in plan_of(stack).resources:
        for earlier in resource.depends_on:
            assert position[earlier] < position[resource.name], (earlier, resource.name)


def test_waiting_follows_dependencies_and_parents_to_the_end() -> None:
    def resource(name: str, *depends_on: str, parent: str | None = None) -> PlannedResource:
        return PlannedResource("test:index:Thing", name, parent, {}, depends_on)

    plan = Plan(
        stack="test",
        resources=(resource("c", "b"), resource("b", parent="a"), resource("a"), resource("d")),
        outputs={},
    )
    assert plan.waits_for("c") == {"a", "b"}
    assert plan.waits_for("d") == set()
    assert [r.name for r in plan.resources] == ["a", "d", "b", "c"]
    assert STACK_TYPE not in {r.type for r in plan_of("dev").resources}
