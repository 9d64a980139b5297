"""The security-group table of the reference deployment, exactly; nothing else is open."""

import re

import pytest

from infra.plan.model import Json
from tests.support.plan import plan_of, walk

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
GROUP = "aws:ec2/securityGroup:SecurityGroup"

ALB, NODES, DATABASE = "<load-balancer-group.id>", "<nodes-group.id>", "<database-group.id>"
CONTROL_PLANE = "<cluster-eks.clusterSecurityGroupId>"
INTERNET = "0.0.0.0/0"
EVERYTHING = ("-1", None, None)

INGRESS_TABLE = {
    (ALB, INTERNET, ("tcp", 80, 80)),
    (NODES, ALB, ("tcp", 8000, 8000)),
    (NODES, NODES, EVERYTHING),
    (NODES, CONTROL_PLANE, ("tcp", 443, 443)),
    (DATABASE, NODES, ("tcp", 5432, 5432)),
    (DATABASE, "10.0.11.0/24", ("tcp", 5432, 5432)),
    (DATABASE, "10.0.12.0/24", ("tcp", 5432, 5432)),
}
EGRESS_TABLE = {(group, INTERNET, EVERYTHING) for group in (ALB, NODES, DATABASE)}

# Whatever names the internet, and why it may.
OPEN_TO_THE_INTERNET = {
    "load-balancer-http-from-internet": "the one way in",
    "load-balancer-to-everywhere": "egress",
    "nodes-to-everywhere": "egress, through NAT",
    "database-to-everywhere": "egress of a group in subnets without a route",
    "network-public-internet": "route of the public subnets",
    "network-private-nat-us-east-1a": "route to NAT",
    "network-private-nat-us-east-1b": "route to NAT",
    "observability-prometheus-egress": "egress: pods, nodes and what the catalog names",
}

Rule = tuple[Json, Json, tuple[Json, Json, Json]]

stacks = pytest.mark.parametrize("stack", ["dev", "prod"])


def rules(stack: str, kind: str) -> list[Rule]:
    return [
        (
            rule.inputs["securityGroupId"],
            rule.inputs.get("cidrIpv4") or rule.inputs.get("referencedSecurityGroupId"),
            (
                rule.inputs["ipProtocol"],
                rule.inputs.get("fromPort"),
                rule.inputs.get("toPort"),
            ),
        )
        for rule in plan_of(stack).of_type(kind)
    ]


@stacks
def test_the_rules_are_exactly_the_table(stack: str) -> None:
    assert sorted(map(str, rules(stack, INGRESS))) == sorted(map(str, INGRESS_TABLE))
    assert sorted(map(str, rules(stack, EGRESS))) == sorted(map(str, EGRESS_TABLE))


@stacks
def test_there_are_three_groups_of_our_own_and_none_has_inline_rules(stack: str) -> None:
    groups = plan_of(stack).of_type(GROUP)
    assert {group.name for group in groups} == {
        "load-balancer-group",
        "nodes-group",
        "database-group",
    }
    assert not [group for group in groups if {"ingress", "egress"} & group.inputs.keys()]
    # A second group with the cluster's tag on a node stops the load balancer controller.
    named = [path for group in groups for path, _ in walk(group.inputs)]
    assert not [path for path in named if "kubernetes.io" in path]


@stacks
def test_descriptions_use_only_the_characters_that_ec2_takes(stack: str) -> None:
    described = [r for kind in (GROUP, INGRESS, EGRESS) for r in plan_of(stack).of_type(kind)]
    assert len(described) == 13
    for resource in described:
        text = str(resource.inputs["description"])
        assert re.fullmatch(r"[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}", text), resource.name


@stacks
def test_the_default_group_is_stripped(stack: str) -> None:
    (group,) = plan_of(stack).of_type("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
    assert group.inputs.keys() == {"tags", "vpcId"}


@stacks
def test_nodes_carry_their_group_beside_the_one_that_eks_makes(stack: str) -> None:
    plan = plan_of(stack)
    for template in plan.of_type("aws:ec2/launchTemplate:LaunchTemplate"):
        assert template.inputs["vpcSecurityGroupIds"] == [CONTROL_PLANE, NODES]
    assert plan["database-instance"].inputs["vpcSecurityGroupIds"] == [DATABASE]
    assert plan["load-balancer-alb"].inputs["securityGroups"] == [ALB]


@stacks
def test_nothing_else_names_the_internet(stack: str) -> None:
    found = {
        resource.name
        for resource in plan_of(stack).resources
        for _, value in walk(resource.inputs)
        if INTERNET in str(value) or "::/0" in str(value)
    }
    assert found == OPEN_TO_THE_INTERNET.keys()
