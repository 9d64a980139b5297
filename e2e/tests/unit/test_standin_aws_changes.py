"""The stand-in for AWS remembers what it made, through changes, previews and imports."""

import json
import re
from typing import cast

import pytest

from e2e.deploy.cloud.fake_aws import balancer, cluster, identity, network
from e2e.deploy.cloud.values import UNKNOWN, Secret, Values
from e2e.deploy.cloud.world import World
from e2e.tests.unit.standin_parts import TRUST, role, subnet
from e2e.tests.unit.standin_plugin import Created, Plugin, Refused


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
