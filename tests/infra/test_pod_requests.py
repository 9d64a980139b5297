"""Does it fit? What everything asks for, against what two t3.medium with 35 pods each give."""

from collections.abc import Callable

import pytest

from infra.config.options import Options
from infra.settings import parse_options
from infra.third_party.pods import Workload
from infra.validation import pod_requests
from infra.validation.pod_requests import NodeResources
from tests.support.backend_release import rendered_backend
from tests.support.plan import Tree, stack_values
from tests.support.pod_requests import mebibytes, millicores, workloads
from tests.support.third_party import CHARTS, rendered

stacks = pytest.mark.parametrize("stack", ["dev", "prod"])


def options_of(stack: str, change: Callable[[Tree], None] = lambda _: None) -> Options:
    values = stack_values(stack)
    change(values)
    return parse_options(values, "test")


def autoscaled(ours: list[Workload]) -> list[Workload]:
    """Give the API its fewest pods: the autoscaler owns the number, the Deployment names none."""
    api = Workload("backend", 200, 192, pods=2, surge=1)
    return [api if workload.name == api.name else workload for workload in ours]


@stacks
def test_the_programs_table_is_what_the_charts_ask_for(stack: str) -> None:
    options = options_of(stack)
    known = {w.name: w for w in pod_requests.workloads(options, replicas=2)}
    asked = {
        w.name: w for chart in CHARTS for w in workloads(rendered(chart, stack).objects.values())
    }
    asked |= {w.name: w for w in autoscaled(workloads(rendered_backend(stack).objects.values()))}
    ours = {w.name for w in (*pod_requests.EKS, pod_requests.MIGRATION)}
    assert {name: w for name, w in known.items() if name not in ours} == asked


@stacks
def test_the_table_knows_what_api_and_migration_ask_for(stack: str) -> None:
    for kind, name, workload in (
        ("Deployment", "backend", Workload("", pod_requests.API_CPU, pod_requests.API_MEMORY)),
        ("Job", "backend-migrate", pod_requests.MIGRATION),
    ):
        pod = rendered_backend(stack)[kind, name]["spec"]["template"]["spec"]
        [container] = pod["containers"]
        requests = container["resources"]["requests"]
        assert millicores(requests["cpu"]) == workload.cpu
        assert mebibytes(requests["memory"]) == workload.memory


def test_a_node_leaves_to_pods_what_amazons_formula_says() -> None:
    assert pod_requests.allocatable("t3.medium", 35) == NodeResources(
        cpu=1930, memory=3048, pods=35
    )
    assert pod_requests.allocatable("t3.large", 35) == NodeResources(cpu=1930, memory=6837, pods=35)


def test_per_node_workloads_count_on_every_node_and_surges_while_rolling() -> None:
    of = [Workload("agent", 10, 20, per_node=True), Workload("server", 100, 200, 2, surge=1)]
    assert pod_requests.demand(of, nodes=3, rolling=False) == NodeResources(230, 460, 5)
    assert pod_requests.demand(of, nodes=3, rolling=True) == NodeResources(330, 660, 6)


def test_what_is_switched_off_asks_for_nothing() -> None:
    def switch_off(values: Tree) -> None:
        values["observability"] = {"enabled": False}

    names = {w.name for w in pod_requests.workloads(options_of("dev", switch_off), replicas=2)}
    assert names.isdisjoint({"kps-prometheus", "loki", "alloy", "jaeger", "opencost"})
    assert "backend" in names


def test_the_supply_is_that_of_each_groups_smallest_type_and_fewest_nodes() -> None:
    def mix(values: Tree) -> None:
        values["nodes"]["groups"] = {
            "general": {"instanceTypes": ["t3.large", "t3.medium"], "min": 2, "max": 3},
            # One has less memory, the other fewer CPUs.
            "mixed": {"instanceTypes": ["c5.xlarge", "r5.large"], "min": 1, "max": 1},
            "spot": {"instanceTypes": ["t3.medium"], "capacity": "spot", "min": 0, "max": 5},
            "batch": {"instanceTypes": ["t3.large"], "min": 1, "max": 9, "taints": [{"key": "b"}]},
        }

    nodes = options_of("dev", mix).nodes
    assert pod_requests.supply(nodes) == NodeResources(cpu=5790, memory=12933, pods=105)
    assert pod_requests.supply(nodes, most=True).pods == 9 * 35
