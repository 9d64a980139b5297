"""The VPC and subnets of others: used as they are, and refused where AWS or nodes would fail."""

import dataclasses
from collections.abc import Callable, Mapping
from ipaddress import IPv4Network
from typing import Any

import pulumi
import pytest
from google.protobuf.struct_pb2 import Struct

from infra.config import endpoints
from infra.plan import cloud
from infra.settings import parse_options
from infra.validation.existing_network import (
    DATABASE,
    PRIVATE,
    PUBLIC,
    FoundNetwork,
    FoundSubnet,
    check_existing_network,
)
from tests.infra.stacks import existing_network
from tests.infra.test_aws_versions import RefusedError
from tests.infra.test_settings import refusal, setting
from tests.support.plan import Tree, inputs_of, plan_with, stack_values

VALUES = stack_values("dev")
existing_network(VALUES)
OPTIONS = parse_options(VALUES, "existing-network")
SERVICES = frozenset({*endpoints.needed(OPTIONS), "s3"})


def subnet(identity: str, zone: str, way_out: str = "", **tags: str) -> FoundSubnet:
    return FoundSubnet(
        id=identity,
        vpc_id="vpc-0a",
        zone=(f"us-east-1{zone}", f"use1-az{zone}"),
        cidr=IPv4Network("10.0.0.0/24"),
        free=251,
        tags=tags,
        way_out=way_out,
    )


ELB, INTERNAL = ({f"kubernetes.io/role/{role}": "1"} for role in ("elb", "internal-elb"))
GOOD = FoundNetwork(
    vpc_id="vpc-0a",
    dns_support=True,
    dns_hostnames=True,
    endpoints=frozenset(),
    running=0,
    subnets={
        PUBLIC: [subnet(f"subnet-0a{zone}", zone, "igw-1", **ELB) for zone in "ab"],
        PRIVATE: [subnet(f"subnet-0b{zone}", zone, "nat-1", **INTERNAL) for zone in "ab"],
        DATABASE: [subnet(f"subnet-0c{zone}", zone) for zone in "ab"],
    },
)
Change = Callable[[FoundNetwork], FoundNetwork]


def of_vpc(**changed: Any) -> Change:
    return lambda found: dataclasses.replace(found, **changed)


def of_subnet(setting: str, **changed: Any) -> Change:
    """Change the first subnet of a tier."""

    def change(found: FoundNetwork) -> FoundNetwork:
        first, *others = found.subnets[setting]
        changed_one = [dataclasses.replace(first, **changed), *others]
        return dataclasses.replace(found, subnets={**found.subnets, setting: changed_one})

    return change


# What AWS says -> the setting that is named, whether it is an error, and a part of the sentence.
FOUND: Mapping[str, tuple[Change, str, str, str]] = {
    "no DNS": (of_vpc(dns_support=False), "network.existing.vpcId", "error", "enableDnsSupport of"),
    "no names": (of_vpc(dns_hostnames=False), "network.existing.vpcId", "error", "enable-dns-host"),
    "another VPC": (of_subnet(DATABASE, vpc_id="vpc-0f"), DATABASE, "error", "is in vpc-0f, not"),
    "another zone": (
        of_subnet(DATABASE, zone=("us-east-1b", "use1-azb")),
        DATABASE,
        "error",
        "is in us-east-1b or use1-azb, but network.zones has us-east-1a there",
    ),
    "no internet": (of_subnet(PUBLIC, way_out="nat-1"), PUBLIC, "error", "no route to an internet"),
    "public nodes": (of_subnet(PRIVATE, way_out="igw-1"), PRIVATE, "error", "no public address"),
    "no way out": (of_subnet(PRIVATE, way_out=""), PRIVATE, "error", "no endpoint for autoscaling"),
    "endpoints alone": (
        lambda found: of_vpc(endpoints=SERVICES)(of_subnet(PRIVATE, way_out="")(found)),
        PRIVATE,
        "warning",
        "cannot pull images from docker.io",
    ),
    "a small subnet": (
        of_subnet(PRIVATE, cidr=IPv4Network("10.0.0.0/26")),
        PRIVATE,
        "error",
        "10.0.0.0/26 has room for 0 nodes with 35 pods",
    ),
    "a full subnet": (
        of_subnet(PRIVATE, free=100),
        PRIVATE,
        "warning",
        "subnet-0ba has 100 free addresses, but its share of 3 more nodes needs 128",
    ),
    "a small public subnet": (
        of_subnet(PUBLIC, cidr=IPv4Network("10.0.0.0/28")),
        PUBLIC,
        "error",
        "subnet-0aa has 10.0.0.0/28, which is too small for a load balancer. Name subnets of a /27",
    ),
    "a full public subnet": (
        of_subnet(PUBLIC, free=7),
        PUBLIC,
        "warning",
        "subnet-0aa has 7 free addresses, and AWS makes no load balancer",
    ),
    "no tag": (of_subnet(PRIVATE, tags={}), PRIVATE, "warning", "kubernetes.io/role/internal-elb"),
    "no public tag": (of_subnet(PUBLIC, tags={}), PUBLIC, "warning", "kubernetes.io/role/elb"),
}
FINE: Mapping[str, Change] = {
    "as it is": of_vpc(),
    "a transit gateway": of_subnet(PRIVATE, way_out="tgw-1"),
    "full of our own nodes": lambda found: of_vpc(running=3)(of_subnet(PRIVATE, free=2)(found)),
    "full of our own load balancer": (
        lambda found: of_vpc(running=3)(of_subnet(PUBLIC, free=2)(found))
    ),
}


@pytest.mark.parametrize("case", FOUND)
def test_what_would_fail_is_said(case: str) -> None:
    change, named, severity, says = FOUND[case]
    [finding] = check_existing_network(OPTIONS, change(GOOD))
    assert (finding.setting, finding.severity) == (named, severity)
    assert says in str(finding)


@pytest.mark.parametrize("case", FINE)
def test_what_works_is_not_criticised(case: str) -> None:
    assert list(check_existing_network(OPTIONS, FINE[case](GOOD))) == []


IDS = "network.existing"
MISTAKES = {
    "ranges too": (setting("network.cidr", "10.0.0.0/16"), "network.cidr: is set together with"),
    "NAT too": (setting("network.nat", "none"), "network.nat: is set together with"),
    "endpoints too": (setting("network.endpoints", True), "network.endpoints: is set together"),
    "one zone": (setting("network.zones", ["us-east-1a"]), "is fewer than two availability zones"),
    "too few": (
        setting(f"{IDS}.databaseSubnetIds", ["subnet-0c1"]),
        "network.existing.databaseSubnetIds: 1 subnets for 2 zones. Give one subnet for each zone",
    ),
    "no public ones": (
        setting(f"{IDS}.publicSubnetIds", []),
        "network.existing.publicSubnetIds: 0 subnets for 2 zones",
    ),
    "one twice": (
        setting(f"{IDS}.databaseSubnetIds", ["subnet-0b1", "subnet-0c2"]),
        "network.existing: subnet-0b1 is named twice",
    ),
    "no id": (setting(f"{IDS}.vpcId", "main"), "network.existing.vpcId: 'main' is invalid"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_mistakes_need_no_credentials(case: str) -> None:
    change, says = MISTAKES[case]
    assert says in refusal(existing_network, change)


def test_nothing_of_the_network_is_created_and_everything_is_placed_in_it() -> None:
    plan = plan_with(existing_network)
    assert {r.type for r in plan.resources if r.type.startswith("aws:ec2/")} == {
        "aws:ec2/launchTemplate:LaunchTemplate",
        "aws:ec2/securityGroup:SecurityGroup",
    }
    private = ["subnet-0b1", "subnet-0b2"]
    assert inputs_of(plan, "cluster-eks")["privateSubnetIds"] == private
    assert inputs_of(plan, "nodes-general")["subnetIds"] == private
    assert inputs_of(plan, "database-subnets")["subnetIds"] == ["subnet-0c1", "subnet-0c2"]
    assert inputs_of(plan, "load-balancer-alb")["subnets"] == ["subnet-0a1", "subnet-0a2"]
    assert inputs_of(plan, "database-from-private-1")["cidrIpv4"] == "192.0.2.0/24"


ANSWER = cloud.answer
VPC: Tree = {
    "id": "vpc-0a",
    "cidrBlock": "10.0.0.0/16",
    "mainRouteTableId": "rtb-0a",
    "enableDnsSupport": True,
    "enableDnsHostnames": False,
}
SUBNET: Tree = {
    "id": "subnet-0b1",
    "vpcId": "vpc-0a",
    "cidrBlock": "10.0.4.0/22",
    "availabilityZone": "us-east-1a",
    "availabilityZoneId": "use1-az4",
    "availableIpAddressCount": 900,
    "tags": {},
}
ROUTES: Tree = {"routes": [{"cidrBlock": "0.0.0.0/0", "natGatewayId": "nat-0a", "gatewayId": ""}]}
ANSWERS = {"getVpc": VPC, "getSubnet": SUBNET, "getRouteTable": ROUTES}


def answers(function: str) -> Struct:
    kind = function.rpartition(":")[2]
    if kind == "getVpcEndpoint":
        raise RefusedError("no matching EC2 VPC Endpoint found")
    if kind not in ANSWERS:
        return ANSWER(function)
    result = Struct()
    result.update(ANSWERS[kind])
    return result


def test_with_credentials_aws_is_asked_and_every_problem_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cloud, "answer", answers)
    with pytest.raises(pulumi.RunError) as refused:
        plan_with(existing_network)
    assert [line.split(":")[0] for line in str(refused.value).splitlines()] == [
        "The network cannot work",
        "  - network.existing.vpcId",
        "  - network.existing.publicSubnetIds",
        "  - network.existing.privateSubnetIds",
        "  - network.existing.databaseSubnetIds",
        *["  - network.existing.publicSubnetIds"] * 2,
    ]


def test_two_endpoints_of_one_service_are_an_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 may have a gateway and an interface."""

    def several(function: str) -> Struct:
        if function.endswith(":getVpcEndpoint"):
            raise RefusedError(
                "multiple EC2 VPC Endpoints matched; use additional constraints to reduce matches"
            )
        return answers(function)

    monkeypatch.setattr(cloud, "answer", several)
    monkeypatch.setitem(VPC, "enableDnsHostnames", True)
    with pytest.raises(pulumi.RunError) as refused:
        plan_with(existing_network)
    assert "did not answer" not in str(refused.value)


def test_a_subnet_without_ipv4_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud, "answer", answers)
    monkeypatch.setitem(SUBNET, "cidrBlock", "")
    with pytest.raises(pulumi.RunError, match="subnet-0a1 has no IPv4 range"):
        plan_with(existing_network)


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ("no matching EC2 VPC found", "AWS knows no vpc-0a in this account and region"),
        ("UnauthorizedOperation", "The program needs the permissions ec2:DescribeVpcs"),
    ],
)
def test_a_vpc_that_aws_does_not_show_stops_the_program(
    message: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(function: str) -> Struct:
        if function.endswith(":getVpc"):
            raise RefusedError(message)
        return ANSWER(function)

    monkeypatch.setattr(cloud, "answer", refuse)
    with pytest.raises(pulumi.RunError, match=says):
        plan_with(existing_network)
