"""What machines and databases carry."""

import re

import pytest

from infra.config import capacity
from infra.config.database_capacity import connection_demand, database_classes
from tests.support.plan import ROOT


@pytest.mark.parametrize(
    ("database_class", "connections", "budget"),
    [("db.t3.micro", 84, 67), ("db.t3.small", 168, 134), ("db.m7g.large", 675, 540)],
)
def test_connections_of_a_class(database_class: str, connections: int, budget: int) -> None:
    known = database_classes()[database_class]
    assert (known.max_connections, known.connection_budget) == (connections, budget)


def test_connections_of_every_class_are_three_quarters_of_rds_default() -> None:
    for name, known in database_classes().items():
        default = known.memory_gib * 1024**3 // 9531392
        assert known.max_connections == min(int(default * 0.75), 5000), name


@pytest.mark.parametrize(
    ("database_class", "measured"), [("db.t4g.small", 181), ("db.m7g.large", 832)]
)
def test_we_promise_less_than_instances_were_seen_to_have(
    database_class: str, measured: int
) -> None:
    assert database_classes()[database_class].max_connections < measured


def test_the_reference_fits_its_database() -> None:
    without = connection_demand(max_replicas=10, pool_size=5, exporter=False)
    assert without == 10 * 5 + (5 + 1) + 2
    demand = connection_demand(max_replicas=10, pool_size=5, exporter=True)
    assert demand == without + 2
    assert demand <= database_classes()["db.t3.micro"].connection_budget


@pytest.mark.parametrize(
    ("database_class", "credits_kept"),
    [("db.t3.micro", 288), ("db.t4g.small", 576), ("db.t3.large", 864), ("db.m7g.large", None)],
)
def test_credits_of_a_class(database_class: str, credits_kept: int | None) -> None:
    assert database_classes()[database_class].credits_kept == credits_kept


def test_the_table_of_classes_says_where_it_is_from_and_is_consistent() -> None:
    text = (ROOT / "infra/config/database_classes.yaml").read_text()
    assert "aws.amazon.com/rds" in text
    assert re.search(r"on \d{4}-\d\d-\d\d", text)
    for name, known in database_classes().items():
        family = name.split(".")[1]
        assert (known.credits_per_hour is not None) is family.startswith("t"), name
        assert known.architecture == ("arm64" if family.endswith("g") else "x86_64"), name
        assert known.hourly_usd > 0, name


@pytest.mark.parametrize(
    ("pods", "vcpus", "cpu", "memory"),
    [(35, 2, "70m", "640Mi"), (110, 4, "80m", "1465Mi"), (17, 2, "70m", "442Mi")],
)
def test_reserved_resources_follow_amazons_formula(
    pods: int, vcpus: int, cpu: str, memory: str
) -> None:
    reserved = capacity.kube_reserved(pods=pods, vcpus=vcpus)
    assert (reserved["cpu"], reserved["memory"]) == (cpu, memory)
