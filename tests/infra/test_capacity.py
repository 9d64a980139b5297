"""What machines and databases carry."""

import pytest

from infra.config import capacity


@pytest.mark.parametrize(
    ("database_class", "connections", "budget"),
    [("db.t3.micro", 84, 67), ("db.t3.small", 168, 134), ("db.m7g.large", 675, 540)],
)
def test_connections_of_a_class(database_class: str, connections: int, budget: int) -> None:
    assert capacity.max_connections(database_class) == connections
    assert capacity.connection_budget(database_class) == budget


@pytest.mark.parametrize(
    ("database_class", "measured"), [("db.t4g.small", 181), ("db.m7g.large", 832)]
)
def test_we_promise_less_than_instances_were_seen_to_have(
    database_class: str, measured: int
) -> None:
    assert capacity.max_connections(database_class) < measured


def test_the_reference_fits_its_database() -> None:
    without = capacity.connection_demand(max_replicas=10, pool_size=5, exporter=False)
    assert without == 10 * 5 + (5 + 1) + 2
    demand = capacity.connection_demand(max_replicas=10, pool_size=5, exporter=True)
    assert demand == without + 2
    assert demand <= capacity.connection_budget("db.t3.micro")


@pytest.mark.parametrize(
    ("database_class", "credits_kept"),
    [("db.t3.micro", 288), ("db.t4g.small", 576), ("db.t3.large", 864), ("db.m7g.large", None)],
)
def test_credits_of_a_class(database_class: str, credits_kept: int | None) -> None:
    assert capacity.credits_kept(database_class) == credits_kept


def test_every_class_has_its_credits_or_needs_none() -> None:
    for name in capacity.DATABASE_CLASSES:
        assert capacity.credits_kept(name) != 0, name


@pytest.mark.parametrize(
    ("pods", "vcpus", "cpu", "memory"),
    [(35, 2, "70m", "640Mi"), (110, 4, "80m", "1465Mi"), (17, 2, "70m", "442Mi")],
)
def test_reserved_resources_follow_amazons_formula(
    pods: int, vcpus: int, cpu: str, memory: str
) -> None:
    reserved = capacity.kube_reserved(pods=pods, vcpus=vcpus)
    assert (reserved["cpu"], reserved["memory"]) == (cpu, memory)
