"""What others see of the stand-in for AWS: its ledger, faults, the entrance, functions."""

import time

import pytest

from e2e.deploy.cloud.fake_aws import balancer, cluster, network
from e2e.deploy.cloud.values import Secret
from e2e.deploy.cloud.world import World
from e2e.load_balancer.target_group import TargetGroup
from e2e.tests.unit.standin_parts import subnet
from e2e.tests.unit.standin_plugin import Created, Plugin, Refused


def test_the_ledger_holds_changes_in_order_and_calls_everything(
    aws: Plugin, vpc: Created, world: World
) -> None:
    aws.read(vpc)
    aws.delete(vpc)
    assert [(call.op, call.name, call.id) for call in world.ledger()] == [
        ("create", "vpc", vpc.id),
        ("delete", "vpc", vpc.id),
    ]
    assert [call.op for call in world.ledger(since=1)] == ["delete"]
    assert [call.op for call in world.calls()] == ["create", "read", "delete"]


@pytest.mark.parametrize("pattern", ["aws:ec2/vpc:Vpc", "aws:ec2/vpc", "aws:*", "vpc"])
def test_an_injected_fault_fails_until_it_is_healed(
    aws: Plugin, world: World, pattern: str
) -> None:
    world.fail("create", pattern)
    with pytest.raises(Refused, match="injected fault: create of aws:ec2/vpc:Vpc 'vpc'"):
        aws.create(network.VPC, "vpc", cidrBlock="10.0.0.0/16")
    assert world.resources() == []
    assert "injected fault" in world.ledger()[0].error
    world.heal()
    aws.create(network.VPC, "vpc", cidrBlock="10.0.0.0/16")


def test_a_fault_hits_nothing_else(aws: Plugin, world: World) -> None:
    world.fail("delete", "aws:ec2/vpc")
    world.fail("create", "aws:ec2/subnet")
    aws.create(network.VPC, "vpc", cidrBlock="10.0.0.0/16")


def test_a_slow_operation_is_slow(aws: Plugin, world: World) -> None:
    world.slow("create", "vpc", 0.3)
    began = time.monotonic()
    aws.create(network.VPC, "vpc", cidrBlock="10.0.0.0/16")
    assert time.monotonic() - began >= 0.3


def test_the_entrance_reads_the_target_group_from_its_file(
    aws: Plugin, vpc: Created, world: World
) -> None:
    check = {"path": "/ready", "interval": 30, "unhealthyThreshold": 2}
    group = aws.create(
        balancer.TARGET_GROUP,
        "backend",
        vpcId=vpc.id,
        healthCheck=check,
        deregistrationDelay=30,
    )
    file = world.outputs("aws:lb/targetGroup", "backend")
    # The entrance waits for it before anybody knows its id.
    files = world.files(balancer.TARGET_GROUP)
    assert list(files.parent.glob(files.name)) == [file]
    recorded = TargetGroup.load(file)
    assert recorded.arn == group.id
    assert (recorded.deregistration_delay, recorded.health_check.path) == (30, "/ready")


def test_the_load_balancer_is_named_for_the_entrance(
    aws: Plugin, vpc: Created, monkeypatch: pytest.MonkeyPatch
) -> None:
    subnets = [subnet(aws, vpc, "10.0.1.0/24").id]
    plain = aws.create(balancer.BALANCER, "alb", subnets=subnets)
    assert plain.text("dnsName").endswith(".us-east-1.elb.amazonaws.com")
    monkeypatch.setenv("STANDIN_ENTRANCE", "127.0.0.1:8080")
    fronted = aws.create(balancer.BALANCER, "fronted", subnets=subnets)
    assert fronted.text("dnsName") == "127.0.0.1:8080"


def test_a_repository_has_the_address_that_the_chart_expects(aws: Plugin) -> None:
    repository = aws.create(cluster.REPOSITORY, "backend", name="backend")
    place = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
    assert repository.state["repositoryUrl"] == f"{place}/backend"


def test_it_says_which_versions_aws_offers(aws: Plugin) -> None:
    versions = aws.invoke(
        "aws:eks/getClusterVersions:getClusterVersions", clusterVersionsOnlies=["1.35", "1.9"]
    )["clusterVersions"]
    assert isinstance(versions, list)
    assert [one["clusterVersion"] for one in versions if isinstance(one, dict)] == ["1.35"]
    engine = aws.invoke(
        "aws:rds/getEngineVersion:getEngineVersion", engine="postgres", version="15", latest=True
    )
    assert str(engine["versionActual"]).startswith("15.")


def test_the_registry_login_is_a_secret(aws: Plugin) -> None:
    login = aws.invoke("aws:ecr/getAuthorizationToken:getAuthorizationToken")
    assert isinstance(login["password"], Secret)


def test_a_function_that_it_does_not_know_is_an_error(aws: Plugin) -> None:
    with pytest.raises(Refused, match="no answer for aws:index/getRegion:getRegion"):
        aws.invoke("aws:index/getRegion:getRegion")
