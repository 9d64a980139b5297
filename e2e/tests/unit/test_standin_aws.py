"""The stand-in for AWS knows what the program uses, and refuses what AWS refuses."""

import re

import pytest

from e2e.deploy.cloud.fake_aws import cluster, database, identity, network
from e2e.deploy.cloud.fake_aws.catalogue import KINDS
from e2e.deploy.cloud.sdk_types import arguments_class, inputs_of, outputs_of
from e2e.deploy.cloud.world import World
from e2e.tests.unit.standin_parts import role, subnet
from e2e.tests.unit.standin_plugin import Created, Plugin, Refused
from tests.support.plan import plan_of


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_it_knows_every_type_of_the_program(stack: str) -> None:
    types = {resource.type for resource in plan_of(stack).resources}
    used = {type_ for type_ in types if re.match(r"aws:", type_)}
    assert used
    assert used <= KINDS.keys()


@pytest.mark.parametrize("type_", KINDS)
def test_its_tables_name_what_the_sdk_has(type_: str) -> None:
    kind, known = KINDS[type_], inputs_of(arguments_class(type_))
    assert kind.fixed <= known.keys()
    assert {path.partition(".")[0] for path in kind.refers} <= known.keys()
    assert set(kind.refers.values()) <= KINDS.keys()
    assert not kind.names or not known[kind.names][1]
    assert kind.anew <= outputs_of(type_).keys()


def test_what_it_makes_has_the_outputs_that_the_sdk_declares(aws: Plugin, vpc: Created) -> None:
    made = [vpc, subnet(aws, vpc, "10.0.1.0/24"), role(aws)]
    for one in made:
        unknown = one.state.keys() - outputs_of(one.type).keys() - {"__autonamed"}
        assert not unknown, one.type


def test_a_misspelt_nested_property_is_refused_with_a_hint(aws: Plugin, vpc: Created) -> None:
    rules = [{"protocol": "-1", "fromPort": 0, "toPort": 0, "descripton": "x"}]
    with pytest.raises(Refused, match=r"ingress\[0\].descripton: .*'description'"):
        aws.create(network.GROUP, "group", vpcId=vpc.id, ingress=rules)


def test_a_missing_input_is_refused(aws: Plugin) -> None:
    with pytest.raises(Refused, match="subnetIds: missing required property"):
        aws.create(database.SUBNET_GROUP, "subnets")


@pytest.mark.parametrize(
    ("value", "why"),
    [("many", "a number, got a string"), ([1], "a number, got a list"), (True, "a boolean")],
)
def test_a_value_of_another_type_is_refused(aws: Plugin, value: object, why: str) -> None:
    with pytest.raises(Refused, match=f"retentionInDays: expected .*{why}"):
        aws.create(identity.LOG_GROUP, "logs", retentionInDays=value)


def test_a_type_that_no_table_has_is_refused(aws: Plugin) -> None:
    with pytest.raises(Refused, match=r"does not know aws:sqs/queue:Queue: add it to"):
        aws.create("aws:sqs/queue:Queue", "queue")


@pytest.mark.parametrize("reference", ["vpc-00000000000000000", "subnet"])
def test_a_reference_to_nothing_is_refused(aws: Plugin, vpc: Created, reference: str) -> None:
    target = subnet(aws, vpc, "10.0.1.0/24").id if reference == "subnet" else reference
    with pytest.raises(Refused, match=f"vpcId refers to '{target}', which does not exist"):
        aws.create(network.GATEWAY, "gateway", vpcId=target)


def test_references_in_lists_and_by_arn_are_followed(aws: Plugin) -> None:
    worker = role(aws)
    arn = worker.text("arn")
    network_ = {"subnetIds": ["subnet-00000000000000000"]}
    with pytest.raises(Refused, match=r"vpcConfig.subnetIds refers to"):
        aws.create(cluster.CLUSTER, "eks", roleArn=arn, vpcConfig=network_)
    with pytest.raises(Refused, match="roleArn refers to"):
        aws.create(cluster.CLUSTER, "eks", roleArn=f"{arn}x", vpcConfig={"subnetIds": []})


def test_what_aws_makes_along_can_be_referred_to(aws: Plugin, vpc: Created, world: World) -> None:
    group = vpc.state["defaultSecurityGroupId"]
    aws.create(network.EGRESS, "rule", securityGroupId=group, cidrIpv4="0.0.0.0/0", ipProtocol="-1")
    adopted = aws.create(network.DEFAULT_GROUP, "default", vpcId=vpc.id)
    assert adopted.id == group
    assert group not in {one.id for one in world.resources() if one.type == network.GROUP}


@pytest.mark.parametrize(
    ("block", "zone", "why"),
    [
        ("10.1.0.0/24", "us-east-1a", "InvalidSubnet.Range"),
        ("10.0.1.128/25", "us-east-1b", "InvalidSubnet.Conflict"),
        ("10.0.2.0/24", "eu-west-1a", "no zone of us-east-1"),
    ],
)
def test_subnets_lie_in_their_vpc_and_apart(
    aws: Plugin, vpc: Created, block: str, zone: str, why: str
) -> None:
    subnet(aws, vpc, "10.0.1.0/24")
    with pytest.raises(Refused, match=why):
        subnet(aws, vpc, block, zone)


def test_a_policy_is_a_policy_and_a_managed_one_exists(aws: Plugin) -> None:
    owner = role(aws).id
    with pytest.raises(Refused, match="MalformedPolicyDocument"):
        aws.create(identity.POLICY, "policy", role=owner, policy='{"Version": "2012-10-17"}')
    arn = "arn:aws:iam::aws:policy/AmazonEKSClusterPolice"
    with pytest.raises(Refused, match="NoSuchEntity"):
        aws.create(identity.ATTACHMENT, "attachment", role=owner, policyArn=arn)


def test_a_database_needs_subnets_in_two_zones(aws: Plugin, vpc: Created) -> None:
    one = subnet(aws, vpc, "10.0.1.0/24")
    with pytest.raises(Refused, match="DBSubnetGroupDoesNotCoverEnoughAZs"):
        aws.create(database.SUBNET_GROUP, "subnets", subnetIds=[one.id])


def test_another_account_is_refused(aws: Plugin) -> None:
    aws.configure(region="us-east-1", allowedAccountIds='["123456789012"]')
    with pytest.raises(Refused, match="account ID not allowed"):
        aws.configure(allowedAccountIds='["210987654321"]')
