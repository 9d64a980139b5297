"""The stand-in for AWS refuses what AWS refuses, and remembers what it made."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from tests.e2e.entrance.target_group import TargetGroup
from tests.e2e.standins.aws import balancer, cluster, database, identity, network
from tests.e2e.standins.aws.catalogue import KINDS
from tests.e2e.standins.aws.cloud import Aws
from tests.e2e.standins.aws.servers import Servers
from tests.e2e.standins.records import Records
from tests.e2e.standins.sdk_types import arguments_class, inputs_of, outputs_of
from tests.e2e.standins.values import UNKNOWN, Secret, Values
from tests.e2e.standins.world import World
from tests.support.plan import plan_of
from tests.unit.e2e.standin_plugin import Created, Plugin, Refused

TRUST = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]})


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def aws(world: World) -> Iterator[Plugin]:
    cloud = Aws(Records(world.directory), Servers(world.directory / "postgres"))
    with Plugin.serving(cloud, defaultTags='{"tags": {"Project": "p", "Name": "all"}}') as plugin:
        yield plugin


@pytest.fixture
def vpc(aws: Plugin) -> Created:
    return aws.create(network.VPC, "vpc", cidrBlock="10.0.0.0/16")


def subnet(aws: Plugin, vpc: Created, block: str, zone: str = "us-east-1a") -> Created:
    return aws.create(
        network.SUBNET, "subnet", vpcId=vpc.id, cidrBlock=block, availabilityZone=zone
    )


def role(aws: Plugin, name: str = "role") -> Created:
    return aws.create(identity.ROLE, name, assumeRolePolicy=TRUST)


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


# -- inputs ----------------------------------------------------------------------------------------


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


# -- names and tags --------------------------------------------------------------------------------


def test_a_generated_name_stays_and_a_given_one_is_taken(aws: Plugin) -> None:
    generated = role(aws, "worker")
    assert re.fullmatch(r"worker-[0-9a-f]{7}", generated.id)
    assert not aws.diff(generated, {"assumeRolePolicy": TRUST}).diffs
    assert not aws.diff(generated, {"assumeRolePolicy": TRUST, "path": "/x/"}).deleteBeforeReplace
    given = aws.create(identity.ROLE, "other", assumeRolePolicy=TRUST, name="given")
    changed = {"assumeRolePolicy": TRUST, "name": "given", "path": "/x/"}
    assert aws.diff(given, changed).deleteBeforeReplace
    with pytest.raises(Refused, match="'given' already exists"):
        aws.create(identity.ROLE, "third", assumeRolePolicy=TRUST, name="given")


def test_a_generated_name_is_not_too_long(aws: Plugin, vpc: Created) -> None:
    group = aws.create(balancer.TARGET_GROUP, "a-target-group-with-a-long-name", vpcId=vpc.id)
    assert len(group.text("name")) == 32


def test_default_tags_are_added_and_own_ones_win(aws: Plugin) -> None:
    tagged = aws.create(network.VPC, "vpc", cidrBlock="10.0.0.0/16", tags={"Name": "own"})
    assert tagged.state["tagsAll"] == {"Project": "p", "Name": "own"}


# -- changes ---------------------------------------------------------------------------------------


def test_what_cannot_change_in_place_is_replaced(aws: Plugin, vpc: Created) -> None:
    fixed = aws.diff(vpc, {"cidrBlock": "10.1.0.0/16"})
    assert list(fixed.replaces) == ["cidrBlock"]
    loose = aws.diff(vpc, {"cidrBlock": "10.0.0.0/16", "enableDnsSupport": True})
    assert (list(loose.diffs), list(loose.replaces)) == (["enableDnsSupport"], [])
    assert not aws.diff(vpc, {"cidrBlock": "10.0.0.0/16"}).diffs


def test_an_unknown_value_counts_as_changed(aws: Plugin, vpc: Created) -> None:
    assert list(aws.diff(vpc, {"cidrBlock": UNKNOWN}).replaces) == ["cidrBlock"]


def test_an_update_keeps_what_aws_computed_and_drops_what_is_no_longer_given(
    aws: Plugin, vpc: Created, world: World
) -> None:
    changed = aws.update(vpc, enableDnsHostnames=True)
    assert changed.state["arn"] == vpc.state["arn"]
    again = aws.update(changed, enableDnsHostnames=None)
    assert "enableDnsHostnames" not in again.state
    recorded = json.loads(world.outputs("aws:ec2/vpc", "vpc").read_text())
    assert recorded["arn"] == vpc.state["arn"]
    assert "enableDnsHostnames" not in recorded


def test_an_update_keeps_what_aws_computed_inside_an_input(aws: Plugin, vpc: Created) -> None:
    """A cluster that was imported is updated once: the group that its nodes name must survive."""
    inside = {"subnetIds": [subnet(aws, vpc, "10.0.1.0/24").id], "endpointPublicAccess": True}
    made = aws.create(
        cluster.CLUSTER, "eks", name="e", roleArn=role(aws).text("arn"), vpcConfig=inside
    )
    changed = aws.update(made, vpcConfig=inside | {"endpointPublicAccess": False})
    before, after = (cast("Values", one.state["vpcConfig"]) for one in (made, changed))
    assert after["clusterSecurityGroupId"] == before["clusterSecurityGroupId"]
    assert after["endpointPublicAccess"] is False
    foreseen = aws.preview_update(made, vpcConfig=inside | {"endpointPublicAccess": False})
    assert foreseen["vpcConfig"] == after


def test_each_change_of_a_launch_template_is_a_new_version(aws: Plugin) -> None:
    template = aws.create(network.TEMPLATE, "template", userData="YQ==", updateDefaultVersion=True)
    foreseen = aws.preview_update(template, userData="Yg==")
    assert (foreseen["latestVersion"], foreseen["arn"]) == (UNKNOWN, template.state["arn"])
    changed = aws.update(template, userData="Yg==")
    assert (template.state["latestVersion"], changed.state["latestVersion"]) == (1, 2)
    assert changed.state["defaultVersion"] == 2


def test_what_is_in_use_is_not_deleted(aws: Plugin, vpc: Created, world: World) -> None:
    gateway = aws.create(network.GATEWAY, "gateway", vpcId=vpc.id)
    with pytest.raises(Refused, match=r"DependencyViolation: .*InternetGateway 'gateway'"):
        aws.delete(vpc)
    aws.delete(gateway)
    aws.delete(vpc)
    assert world.resources() == []


def test_what_is_protected_is_not_deleted(aws: Plugin, vpc: Created) -> None:
    subnets = [subnet(aws, vpc, "10.0.1.0/24").id]
    protected = aws.create(balancer.BALANCER, "alb", subnets=subnets, enableDeletionProtection=True)
    with pytest.raises(Refused, match="OperationNotPermitted"):
        aws.delete(protected)
    aws.delete(aws.update(protected, enableDeletionProtection=False))


# -- preview, refresh, import ----------------------------------------------------------------------


def test_a_preview_makes_nothing_and_knows_no_outputs(aws: Plugin, world: World) -> None:
    seen = aws.preview(network.VPC, "vpc", cidrBlock="10.0.0.0/16")
    assert (seen["cidrBlock"], seen["arn"]) == ("10.0.0.0/16", UNKNOWN)
    assert (world.resources(), world.ledger()) == ([], [])


def test_a_refresh_sees_nothing_or_what_somebody_changed(
    aws: Plugin, vpc: Created, world: World
) -> None:
    assert aws.read(vpc) == (vpc.id, vpc.state, vpc.inputs)
    file = world.outputs(network.VPC, "vpc")
    changed = json.loads(file.read_text()) | {"tagsAll": {"Name": "somebody else's"}}
    file.write_text(json.dumps(changed))
    assert aws.read(vpc)[1]["tagsAll"] == {"Name": "somebody else's"}
    file.unlink()
    assert aws.read(vpc)[0] == ""


def test_an_import_reads_everything_but_secrets(aws: Plugin, vpc: Created) -> None:
    identity_, state, inputs = aws.take_over(vpc)
    assert (identity_, state, inputs) == (vpc.id, vpc.state, vpc.inputs)


def test_secrets_stay_secrets_and_are_written_nowhere(aws: Plugin, world: World) -> None:
    hidden = Secret("hidden-value")
    group = aws.create(identity.LOG_GROUP, "logs", tags={"note": hidden})
    assert group.state["tags"] == aws.read(group)[1]["tags"] == {"note": hidden}
    files = [file for file in world.directory.rglob("*") if file.is_file()]
    assert files
    assert not [file for file in files if "hidden-value" in file.read_text()]


# -- the world -------------------------------------------------------------------------------------


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


# -- functions -------------------------------------------------------------------------------------


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
