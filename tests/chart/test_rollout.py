"""New version, changed setting, lost node: no request is lost, nothing restarts for nothing."""

from pathlib import Path

import pytest

from tests.support.chart import Rendered, Tree, chart_copy, ci_values, merged, render

API, WORKER = ("Deployment", "backend"), ("Deployment", "backend-worker")


def _template(rendered: Rendered, key: tuple[str, str] = API) -> Tree:
    template: Tree = rendered[key]["spec"]["template"]
    return template


def _container(rendered: Rendered, key: tuple[str, str] = API) -> Tree:
    [container] = _template(rendered, key)["spec"]["containers"]
    found: Tree = container
    return found


def _checksums(rendered: Rendered) -> set[str]:
    return {
        _template(rendered, key)["metadata"]["annotations"]["checksum/config"]
        for key in (API, WORKER)
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"config": {"logLevel": "debug"}},
        {"database": {"poolSize": 9}},
        {"shutdown": {"gracefulSeconds": 21}},
    ],
    ids=["config", "database", "shutdown"],
)
def test_a_changed_setting_restarts_the_pods(changes: Tree) -> None:
    before, after = (
        _checksums(render(ci_values())),
        _checksums(render(merged(ci_values(), changes))),
    )
    assert len(before) == len(after) == 1
    assert before != after


def test_the_checksum_is_there_without_any_pod_annotation() -> None:
    assert all(_checksums(render(merged(ci_values(), {"podAnnotations": None}))))


def test_a_new_chart_version_alone_restarts_nothing(tmp_path: Path) -> None:
    before = render(ci_values("production"))
    after = render(ci_values("production"), chart=chart_copy(tmp_path, version="99.0.0"))
    assert after["Service", "backend"]["metadata"]["labels"]["helm.sh/chart"] == "backend-99.0.0"
    for key in (API, WORKER):
        assert _template(before, key) == _template(after, key)


def test_what_is_no_setting_of_the_pods_leaves_them_alone() -> None:
    changes = {
        "autoscaling": {"maxReplicas": 12},
        "prometheusRule": {"enabled": True},
        "networkPolicy": {"databaseCidrs": ["10.0.21.0/24"]},
        "serviceAccount": {"annotations": {"a": "b"}},
    }
    before, after = render(ci_values()), render(merged(ci_values(), changes))
    for key in (API, WORKER):
        assert _template(before, key) == _template(after, key)


def test_a_rollout_never_takes_a_pod_away_before_its_successor_is_ready() -> None:
    for key in (API, WORKER):
        spec = render(ci_values())[key]["spec"]
        assert spec["strategy"] == {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
        }
    assert render(ci_values())[API]["spec"]["minReadySeconds"] > 0


def test_a_pod_that_ends_serves_on_then_drains_then_dies() -> None:
    shutdown = {"preStopSeconds": 7, "gracefulSeconds": 11, "terminationGracePeriodSeconds": 19}
    rendered = render(merged(ci_values(), {"shutdown": shutdown}))
    pod, container = _template(rendered)["spec"], _container(rendered)
    assert container["lifecycle"]["preStop"] == {"sleep": {"seconds": 7}}, (
        "an action of the kubelet: the image needs no shell"
    )
    assert "--timeout-graceful-shutdown=11" in container["command"]
    assert rendered["ConfigMap", "backend"]["data"]["BACKEND_SHUTDOWN_GRACE_SECONDS"] == "11"
    assert pod["terminationGracePeriodSeconds"] == 19


def test_idle_connections_outlive_the_load_balancers_patience() -> None:
    """Or it would now and then send a request into a connection that the pod closes: a 502."""
    rendered = render(merged(ci_values(), {"loadBalancer": {"idleTimeoutSeconds": 100}}))
    command = _container(rendered)["command"]
    [keep_alive] = [flag for flag in command if flag.startswith("--timeout-keep-alive=")]
    assert int(keep_alive.partition("=")[2]) > 100


def test_only_the_load_balancers_forwarded_headers_are_believed() -> None:
    command = _container(render(ci_values()))["command"]
    assert "--forwarded-allow-ips=10.0.1.0/24,10.0.2.0/24" in command
    command = _container(render(ci_values("minimal")), ("Deployment", "control-plane"))["command"]
    assert not [flag for flag in command if flag.startswith("--forwarded-allow-ips")]


def test_a_hung_server_is_killed_in_time_to_be_replaced_within_20_s() -> None:
    """It hangs right after a good probe; then each further one runs into its timeout."""
    container = _container(render(ci_values()))
    probe = container["livenessProbe"]
    found = probe["periodSeconds"] + probe["timeoutSeconds"] * probe["failureThreshold"]
    # The kubelet gives every container two seconds between SIGTERM and SIGKILL.
    killed = found + probe["terminationGracePeriodSeconds"] + 2
    assert killed <= 12, "a start takes the rest"
    assert probe["timeoutSeconds"] * probe["failureThreshold"] >= 6, (
        "a busy server must not be taken for a hung one"
    )


@pytest.mark.parametrize(("key", "ready"), [(API, {"readinessProbe": "/ready"}), (WORKER, {})])
def test_life_asks_the_process_and_readiness_the_database(
    key: tuple[str, str], ready: dict[str, str]
) -> None:
    asked = {
        name: probe["httpGet"]["path"]
        for name, probe in _container(render(ci_values()), key).items()
        if name.endswith("Probe")
    }
    assert asked == {"startupProbe": "/health", "livenessProbe": "/health"} | ready


def test_each_revision_is_spread_over_zones_and_a_lost_zone_does_not_count() -> None:
    zone, host = _template(render(ci_values()))["spec"]["topologySpreadConstraints"]
    labels = render(ci_values())[API]["spec"]["selector"]
    expected = {"maxSkew": 1, "matchLabelKeys": ["pod-template-hash"], "labelSelector": labels}
    assert zone == expected | {
        "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "nodeTaintsPolicy": "Honor",
    }
    assert host == expected | {
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
    }


def test_the_zone_rule_can_be_a_wish() -> None:
    zone, _ = _template(render(ci_values("fixed-replicas")))["spec"]["topologySpreadConstraints"]
    assert zone["whenUnsatisfiable"] == "ScheduleAnyway"


def test_pods_leave_a_silent_node_in_time() -> None:
    """55 s until the control plane notices, 10 s, and a start: ready in under 90 s."""
    for key in (API, WORKER):
        tolerations = _template(render(ci_values()), key)["spec"]["tolerations"]
        assert {
            (item["key"], item["effect"], item["tolerationSeconds"]) for item in tolerations
        } == {
            ("node.kubernetes.io/not-ready", "NoExecute", 10),
            ("node.kubernetes.io/unreachable", "NoExecute", 10),
        }


def test_the_autoscaler_owns_the_number_of_pods() -> None:
    rendered = render(ci_values("production"))
    assert "replicas" not in rendered[API]["spec"]
    hpa = rendered["HorizontalPodAutoscaler", "backend"]["spec"]
    assert hpa["scaleTargetRef"] == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": "backend",
    }
    assert (hpa["minReplicas"], hpa["maxReplicas"]) == (3, 20)
    assert rendered[WORKER]["spec"]["replicas"] == 2


def test_without_it_the_number_is_fixed() -> None:
    assert render(ci_values("fixed-replicas"))[API]["spec"]["replicas"] == 3


@pytest.mark.parametrize(
    ("changes", "protected"),
    [
        ({"autoscaling": {"enabled": True, "minReplicas": 2}, "replicaCount": 1}, True),
        ({"autoscaling": {"enabled": True, "minReplicas": 1}, "replicaCount": 5}, False),
        ({"autoscaling": {"enabled": False, "minReplicas": 5}, "replicaCount": 1}, False),
        ({"autoscaling": {"enabled": False, "minReplicas": 1}, "replicaCount": 2}, True),
        ({"podDisruptionBudget": {"enabled": False}}, False),
    ],
    ids=["scaled to two", "scaled to one", "fixed at one", "fixed at two", "turned off"],
)
def test_the_disruption_budget_follows_the_effective_number_of_pods(
    changes: Tree, protected: bool
) -> None:
    rendered = render(merged(ci_values(), changes))
    budget = rendered.objects.get(("PodDisruptionBudget", "backend"))
    assert (budget is not None) == protected
    if budget:
        assert budget["spec"]["maxUnavailable"] == 1
