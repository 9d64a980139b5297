"""What is reachable from where, and what happens to it when a zone is lost."""

import json
from typing import Any

import pytest

from infra.config.endpoints import service_name
from infra.plan.model import Plan
from tests.infra.stacks import private, three_zones
from tests.support.plan import Tree, inputs_of, plan_of, plan_with

stacks = pytest.mark.parametrize("stack", ["dev", "prod"])
SUBNET = "aws:ec2/subnet:Subnet"
PRIVATE_SUBNETS = ["<network-private-us-east-1a.id>", "<network-private-us-east-1b.id>"]


def routes(plan: Plan) -> dict[str, list[str]]:
    """Map each subnet to the targets of its default routes."""
    targets: dict[str, list[str]] = {}
    for route in plan.of_type("aws:ec2/route:Route"):
        inputs: dict[str, Any] = dict(route.inputs)
        target = inputs.get("gatewayId") or inputs["natGatewayId"]
        targets.setdefault(inputs["routeTableId"], []).append(target)
    associations = plan.of_type("aws:ec2/routeTableAssociation:RouteTableAssociation")
    return {
        str(a.inputs["subnetId"]): targets.get(str(a.inputs["routeTableId"]), [])
        for a in associations
    }


@stacks
def test_subnets_are_the_reference_ones_and_give_no_public_address(stack: str) -> None:
    subnets = plan_of(stack).of_type("aws:ec2/subnet:Subnet")
    assert {(s.inputs["cidrBlock"], s.inputs["availabilityZone"]) for s in subnets} == {
        ("10.0.1.0/24", "us-east-1a"),
        ("10.0.2.0/24", "us-east-1b"),
        ("10.0.11.0/24", "us-east-1a"),
        ("10.0.12.0/24", "us-east-1b"),
        ("10.0.21.0/24", "us-east-1a"),
        ("10.0.22.0/24", "us-east-1b"),
    }
    assert all(subnet.inputs["mapPublicIpOnLaunch"] is False for subnet in subnets)


def test_dev_routes_both_private_subnets_through_one_nat() -> None:
    assert routes(plan_of("dev")) == {
        "<network-public-us-east-1a.id>": ["<network-internet.id>"],
        "<network-public-us-east-1b.id>": ["<network-internet.id>"],
        "<network-private-us-east-1a.id>": ["<network-nat-us-east-1a.id>"],
        "<network-private-us-east-1b.id>": ["<network-nat-us-east-1a.id>"],
        "<network-database-us-east-1a.id>": [],
        "<network-database-us-east-1b.id>": [],
    }


def test_prod_keeps_each_zones_traffic_in_its_zone() -> None:
    plan = plan_of("prod")
    assert routes(plan)["<network-private-us-east-1a.id>"] == ["<network-nat-us-east-1a.id>"]
    assert routes(plan)["<network-private-us-east-1b.id>"] == ["<network-nat-us-east-1b.id>"]
    for zone in ("us-east-1a", "us-east-1b"):
        nat = plan[f"network-nat-{zone}"]
        assert nat.inputs["subnetId"] == f"<network-public-{zone}.id>"
        assert nat.inputs["allocationId"] == f"<network-nat-address-{zone}.id>"


@stacks
def test_public_addresses_belong_to_nat_and_load_balancer_only(stack: str) -> None:
    plan = plan_of(stack)
    addresses = {f"<{a.name}.id>" for a in plan.of_type("aws:ec2/eip:Eip")}
    nats = plan.of_type("aws:ec2/natGateway:NatGateway")
    assert addresses == {nat.inputs["allocationId"] for nat in nats}
    balancer = plan["load-balancer-alb"].inputs
    assert balancer["internal"] is False
    assert balancer["subnets"] == [
        "<network-public-us-east-1a.id>",
        "<network-public-us-east-1b.id>",
    ]


@stacks
def test_nodes_control_plane_and_database_are_private(stack: str) -> None:
    plan = plan_of(stack)
    cluster = plan["cluster-eks"].inputs
    assert cluster["privateSubnetIds"] == PRIVATE_SUBNETS
    assert not {"publicSubnetIds", "subnetIds"} & cluster.keys()
    assert cluster["endpointPrivateAccess"] is True
    assert cluster["publicAccessCidrs"] == ["203.0.113.0/24"]
    for group in plan.of_type("aws:eks/nodeGroup:NodeGroup"):
        assert group.inputs["subnetIds"] == PRIVATE_SUBNETS
    assert plan["database-instance"].inputs["publiclyAccessible"] is False
    assert plan["database-subnets"].inputs["subnetIds"] == [
        "<network-database-us-east-1a.id>",
        "<network-database-us-east-1b.id>",
    ]


@stacks
def test_names_resolve_inside_the_vpc_and_s3_needs_no_nat(stack: str) -> None:
    plan = plan_of(stack)
    vpc = plan["network-vpc"].inputs
    assert (vpc["enableDnsSupport"], vpc["enableDnsHostnames"]) == (True, True)
    endpoint = plan["network-s3"].inputs
    assert endpoint["serviceName"] == "com.amazonaws.us-east-1.s3"
    assert endpoint["routeTableIds"] == [
        "<network-private-us-east-1a-routes.id>",
        "<network-private-us-east-1b-routes.id>",
    ]


@stacks
def test_the_load_balancer_checks_readiness_and_hides_metrics(stack: str) -> None:
    plan = plan_of(stack)
    target_group = inputs_of(plan, "load-balancer-backend")
    assert target_group["targetType"] == "ip"
    assert target_group["healthCheck"]["path"] == "/ready"
    assert target_group["healthCheck"]["interval"] == 30
    rule = inputs_of(plan, "load-balancer-hide-metrics")
    assert rule["conditions"] == [{"pathPattern": {"values": ["/metrics", "/metrics/*"]}}]
    assert [action["fixedResponse"]["statusCode"] for action in rule["actions"]] == ["404"]


def _sources(*cidrs: str) -> dict[str, object]:
    """Return the ranges of the load balancer's rules, by the names of these."""
    plan = plan_with(lambda values: values.update(loadBalancer={"sourceCidrs": list(cidrs)}))
    return {
        resource.name: resource.inputs["cidrIpv4"]
        for resource in plan.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
        if resource.name.startswith("load-balancer-")
    }


def test_the_load_balancer_answers_named_sources_only() -> None:
    both = _sources("198.51.100.0/24", "10.0.0.0/8")
    assert set(both.values()) == {"198.51.100.0/24", "10.0.0.0/8"}
    # No rule takes the range of another one, which AWS would refuse while both exist.
    assert _sources("10.0.0.0/8").items() <= both.items()


def test_another_load_balancer_takes_the_target_group_over() -> None:
    """AWS refuses a target group at two load balancers (terraform-provider-aws#22005)."""
    assert plan_of("dev")["load-balancer-http"].delete_before_replace


def test_an_internal_load_balancer_stands_in_the_private_subnets() -> None:
    plan = plan_with(lambda values: values.update(loadBalancer={"internal": True}))
    balancer = inputs_of(plan, "load-balancer-alb")
    assert balancer["internal"] is True
    assert balancer["subnets"] == [
        "<network-private-us-east-1a.id>",
        "<network-private-us-east-1b.id>",
    ]
    values = inputs_of(plan, "backend-release")["values"]
    assert "10.0.11.0/24" in json.dumps(values)
    assert "10.0.1.0/24" not in json.dumps(values)


def test_a_private_stack_has_no_way_to_the_internet_and_one_to_each_service() -> None:
    plan = plan_with(private)
    for kind in ("ec2/internetGateway:InternetGateway", "ec2/natGateway:NatGateway", "ec2/eip:Eip"):
        assert plan.of_type(f"aws:{kind}") == []
    assert {target for targets in routes(plan).values() for target in targets} == set()
    services: dict[str, Tree] = {
        str(one.inputs["serviceName"]).removeprefix("com.amazonaws.us-east-1."): dict(one.inputs)
        for one in plan.of_type("aws:ec2/vpcEndpoint:VpcEndpoint")
    }
    gateway = services.pop("s3")
    assert len(gateway["routeTableIds"]) == 2
    assert services.keys() == {
        *("ecr.api", "ecr.dkr", "ec2", "sts", "eks-auth", "elasticloadbalancing"),
        *("autoscaling", "eks", "sns"),
    }
    for inputs in services.values():
        assert inputs["vpcEndpointType"] == "Interface"
        assert inputs["privateDnsEnabled"] is True
        assert inputs["subnetIds"] == PRIVATE_SUBNETS
        assert inputs["securityGroupIds"] == ["<network-endpoints-group.id>"]
    admitted = [
        (rule.inputs["cidrIpv4"], rule.inputs["fromPort"])
        for rule in plan.of_type("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
        if rule.name.startswith("network-endpoints-")
    ]
    assert admitted == [("10.0.11.0/24", 443), ("10.0.12.0/24", 443)]
    assert inputs_of(plan, "cluster-eks")["endpointPublicAccess"] is False
    assert {"network-endpoint-ec2", "network-s3"} <= {r.name for r in plan.resources}
    assert "network-endpoint-ec2" in plan.waits_for("nodes-general")
    autoscaler = inputs_of(plan, "addons-cluster-autoscaler")["values"]["extraArgs"]
    assert autoscaler["aws-use-static-instance-list"] is True


@pytest.mark.parametrize(
    ("service", "region", "name"),
    [
        ("sts", "us-gov-west-1", "com.amazonaws.us-gov-west-1.sts"),
        ("sts", "cn-north-1", "cn.com.amazonaws.cn-north-1.sts"),
        ("sns", "cn-north-1", "com.amazonaws.cn-north-1.sns"),
    ],
)
def test_endpoints_have_the_names_of_their_partition(service: str, region: str, name: str) -> None:
    assert service_name(service, region) == name


def test_a_stack_may_begin_with_three_zones() -> None:
    plan = plan_with(three_zones)
    zones = {subnet.inputs["availabilityZone"] for subnet in plan.of_type(SUBNET)}
    assert zones == {"us-east-1a", "us-east-1b", "us-east-1c"}
    for name, key in (("cluster-eks", "privateSubnetIds"), ("database-subnets", "subnetIds")):
        assert len(inputs_of(plan, name)[key]) == 3
    assert routes(plan)["<network-private-us-east-1c.id>"] == ["<network-nat-us-east-1c.id>"]
