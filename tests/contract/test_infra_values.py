"""The Pulumi program and the chart meet in the values: what the program sets, the chart takes."""

import pytest

from infra import naming
from infra.kubernetes import backend_release
from tests.support.backend_release import rendered_backend
from tests.support.chart import CHART, Tree, default_values, load
from tests.support.plan import inputs_of, plan_of

STACKS = ("dev", "prod")


def _pod(stack: str) -> Tree:
    template: Tree = rendered_backend(stack)["Deployment", naming.RELEASE]["spec"]["template"][
        "spec"
    ]
    return template


@pytest.mark.parametrize("stack", STACKS)
def test_the_chart_takes_the_programs_values(stack: str) -> None:
    """Rendering is checking: schema and rules refuse what they do not know."""
    assert ("Job", "backend-migrate") in rendered_backend(stack).objects


@pytest.mark.parametrize("stack", STACKS)
def test_the_binding_names_the_service_and_its_port(stack: str) -> None:
    reference = inputs_of(plan_of(stack), "backend-target-group-binding")["spec"]["serviceRef"]
    service = rendered_backend(stack)["Service", reference["name"]]
    assert reference["port"] in [port["port"] for port in service["spec"]["ports"]]


@pytest.mark.parametrize("stack", STACKS)
def test_the_target_group_and_the_node_group_open_the_pods_port(stack: str) -> None:
    [container] = _pod(stack)["containers"]
    [port] = [port["containerPort"] for port in container["ports"]]
    assert inputs_of(plan_of(stack), "load-balancer-backend")["port"] == port
    rule = inputs_of(plan_of(stack), "nodes-from-load-balancer")
    assert rule["fromPort"] <= port <= rule["toPort"]


@pytest.mark.parametrize("stack", STACKS)
def test_health_checks_ask_what_readiness_asks(stack: str) -> None:
    [container] = _pod(stack)["containers"]
    check = inputs_of(plan_of(stack), "load-balancer-backend")["healthCheck"]
    assert check["path"] == container["readinessProbe"]["httpGet"]["path"]


@pytest.mark.parametrize("stack", STACKS)
def test_every_mounted_secret_and_key_is_made_by_the_program(stack: str) -> None:
    made: dict[str, set[str]] = {}
    for resource in plan_of(stack).resources:
        if resource.type == "kubernetes:core/v1:Secret":
            inputs = inputs_of(plan_of(stack), resource.name)
            data = inputs.get("stringData", {})
            made[inputs["metadata"]["name"]] = set(data) if isinstance(data, dict) else {"*"}
    mounted: dict[str, set[str]] = {}
    for _, pod in rendered_backend(stack).pods():
        for volume in pod["spec"].get("volumes", []):
            if "secret" in volume:
                keys = {item["key"] for item in volume["secret"]["items"]}
                mounted.setdefault(volume["secret"]["secretName"], set()).update(keys)
    expected = {
        naming.DATABASE_SECRET: {naming.DATABASE_PASSWORD_KEY},
        naming.AUTH_SECRET: {
            naming.ADMIN_TOKEN_KEY,
            naming.SESSION_KEY_KEY,
            *(token.key for token in naming.SHARED_TOKENS),
        },
    }
    assert mounted == expected
    for name, keys in expected.items():
        assert made[name] in (keys, {"*"}), "the plan may show the whole content as one secret"


@pytest.mark.parametrize("stack", STACKS)
def test_idle_connections_outlive_the_load_balancers_timeout(stack: str) -> None:
    [container] = _pod(stack)["containers"]
    [flag] = [flag for flag in container["command"] if flag.startswith("--timeout-keep-alive=")]
    timeout = inputs_of(plan_of(stack), "load-balancer-alb")["idleTimeout"]
    assert int(flag.partition("=")[2]) > timeout


@pytest.mark.parametrize("stack", STACKS)
def test_a_draining_target_outlives_the_pods_last_request(stack: str) -> None:
    delay = int(inputs_of(plan_of(stack), "load-balancer-backend")["deregistrationDelay"])
    shutdown = default_values()["shutdown"]
    assert shutdown["gracefulSeconds"] <= delay
    assert delay <= _pod(stack)["terminationGracePeriodSeconds"] - shutdown["preStopSeconds"]


@pytest.mark.parametrize("stack", STACKS)
def test_a_migration_ends_before_pulumi_gives_up(stack: str) -> None:
    job = rendered_backend(stack)["Job", "backend-migrate"]["spec"]
    assert job["activeDeadlineSeconds"] < backend_release.TIMEOUT_SECONDS
    schema = load(CHART / "values.schema.json")["properties"]["migrations"]["properties"]
    assert schema["activeDeadlineSeconds"]["maximum"] < backend_release.TIMEOUT_SECONDS


@pytest.mark.parametrize("stack", STACKS)
def test_what_enforces_the_network_policies_is_on(stack: str) -> None:
    assert [key for key in rendered_backend(stack).objects if key[0] == "NetworkPolicy"]
    plugin = inputs_of(plan_of(stack), "cluster-eks")["vpcCniOptions"]
    assert plugin["enableNetworkPolicy"] is True, "or the policies are objects that do nothing"
