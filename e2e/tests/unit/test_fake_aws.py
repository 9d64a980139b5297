"""The fake AWS knows what the program uses, and remembers what it made."""

import json
import re
from typing import Any

import pytest

from e2e.deploy.cloud.fake_aws import eks, network, services
from e2e.deploy.cloud.fake_aws.catalogue import KINDS
from e2e.deploy.cloud.sdk_types import outputs_of
from e2e.deploy.cloud.values import UNKNOWN, secret
from e2e.deploy.cloud.world import World
from e2e.tests.unit.conftest import Make
from e2e.tests.unit.fake_plugin import Created, Plugin, Refused
from tests.infra.stacks import VARIANTS
from tests.support.plan import plan_of, plan_with


@pytest.mark.parametrize("stack", ["dev", "prod", *VARIANTS])
def test_it_knows_every_type_of_the_program(stack: str) -> None:
    plan = plan_with(VARIANTS[stack]) if stack in VARIANTS else plan_of(stack)
    used = {one.type for one in plan.resources if one.type.startswith("aws:")}
    assert used
    assert used <= KINDS.keys()


@pytest.mark.parametrize("type_", KINDS)
def test_its_tables_name_what_the_sdk_has(type_: str) -> None:
    kind, known = KINDS[type_], outputs_of(type_).keys()
    paths = {path.partition(".")[0] for path in kind.refers}
    assert {*kind.fixed, *paths, *kind.outputs, *kind.counts} <= known
    assert not kind.names or kind.names in known
    assert {*kind.refers.values(), *kind.along.values()} <= KINDS.keys()


def test_what_aws_makes_along_can_be_referred_to(aws: Plugin, vpc: Created, world: World) -> None:
    group = vpc.state["defaultSecurityGroupId"]
    aws.create(network.EGRESS, "rule", securityGroupId=group, cidrIpv4="0.0.0.0/0", ipProtocol="-1")
    assert aws.create(network.DEFAULT_GROUP, "default", vpcId=vpc.id).id == group
    assert not world.all(network.GROUP)


def test_a_generated_name_is_short_and_stays_and_a_given_one_is_taken(
    aws: Plugin, vpc: Created, role: Make
) -> None:
    group = aws.create(network.TARGET_GROUP, "a-target-group-with-a-long-name", vpcId=vpc.id)
    assert len(group.state["name"]) == 32
    made = role("worker")
    trust = made.inputs["assumeRolePolicy"]
    assert re.fullmatch(r"worker-[0-9a-f]{7}", made.id)
    assert not aws.diff(made, assumeRolePolicy=trust).diffs
    assert not aws.diff(made, assumeRolePolicy=trust, path="/x/").deleteBeforeReplace
    given = role("other", name="given")
    assert aws.diff(given, assumeRolePolicy=trust, name="given", path="/x/").deleteBeforeReplace


def test_default_tags_are_added_and_own_ones_win(aws: Plugin) -> None:
    tagged = aws.create(network.VPC, "vpc", cidrBlock="10.0.0.0/16", tags={"Name": "own"})
    assert tagged.state["tagsAll"] == {"Project": "p", "Name": "own"}


def test_what_cannot_change_in_place_is_replaced(aws: Plugin, vpc: Created) -> None:
    assert not aws.diff(vpc, cidrBlock="10.0.0.0/16").diffs
    for block in ("10.1.0.0/16", UNKNOWN):
        assert list(aws.diff(vpc, cidrBlock=block).replaces) == ["cidrBlock"]
    loose = aws.diff(vpc, cidrBlock="10.0.0.0/16", enableDnsSupport=True)
    assert (list(loose.diffs), list(loose.replaces)) == (["enableDnsSupport"], [])


def test_an_update_keeps_what_aws_computed_and_drops_what_is_no_longer_given(
    aws: Plugin, vpc: Created, world: World
) -> None:
    changed = aws.update(vpc, enableDnsHostnames=True)
    group = vpc.state["defaultSecurityGroupId"]
    assert changed.state["defaultSecurityGroupId"] == group
    aws.update(changed, enableDnsHostnames=None)
    recorded = json.loads(world.path(vpc.type, vpc.id).read_text())
    assert recorded["defaultSecurityGroupId"] == group
    assert "enableDnsHostnames" not in recorded


def test_an_update_keeps_what_aws_computed_inside_an_input(
    aws: Plugin, subnet: Make, role: Make
) -> None:
    """A cluster that was imported is updated once: the group that its nodes name must survive."""
    arn, inside = role().state["arn"], {"subnetIds": [subnet().id], "endpointPublicAccess": True}
    made = aws.create(eks.CLUSTER, "eks", name="e", roleArn=arn, vpcConfig=inside)
    change: dict[str, Any] = {"vpcConfig": inside | {"endpointPublicAccess": False}}
    foreseen = aws.update(made, preview=True, **change).state["vpcConfig"]
    after = aws.update(made, **change).state["vpcConfig"]
    assert after == made.state["vpcConfig"] | {"endpointPublicAccess": False} == foreseen
    assert after["clusterSecurityGroupId"]


def test_each_change_of_a_launch_template_is_a_new_version(aws: Plugin) -> None:
    template = aws.create(network.TEMPLATE, "template", userData="YQ==")
    foreseen = aws.update(template, preview=True, userData="Yg==")
    assert foreseen.state["latestVersion"] == UNKNOWN
    changed = aws.update(template, userData="Yg==")
    assert (template.state["latestVersion"], changed.state["latestVersion"]) == (1, 2)


def test_a_refresh_sees_nothing_or_what_somebody_changed(
    aws: Plugin, vpc: Created, world: World
) -> None:
    for imported in (False, True):
        assert aws.read(vpc, imported=imported) == (vpc.id, vpc.state, vpc.inputs)
    file, changed = world.path(vpc.type, vpc.id), {"tagsAll": {"Name": "somebody else's"}}
    file.write_text(json.dumps(json.loads(file.read_text()) | changed))
    assert aws.read(vpc) == (vpc.id, vpc.state | changed, vpc.inputs | changed)
    file.unlink()
    assert aws.read(vpc)[0] == ""


def test_secrets_stay_secrets_and_are_written_nowhere(aws: Plugin, world: World) -> None:
    tags = {"note": secret("hidden-value"), "plain": "x"}
    group = aws.create(services.LOG_GROUP, "logs", tags=tags)
    assert group.state["tags"] == aws.read(group)[1]["tags"] == tags
    files = [file.read_text() for file in world.directory.rglob("*") if file.is_file()]
    assert '"plain"' in "".join(files)
    assert "hidden-value" not in "".join(files)


def test_it_says_which_versions_aws_offers(aws: Plugin) -> None:
    eks_versions = "aws:eks/getClusterVersions:getClusterVersions"
    found = aws.invoke(eks_versions, clusterVersionsOnlies=["1.35", "1.9"])["clusterVersions"]
    assert [one["clusterVersion"] for one in found] == ["1.35"]
    rds_version = "aws:rds/getEngineVersion:getEngineVersion"
    engine = aws.invoke(rds_version, engine="postgres", version="15", latest=True)
    assert engine["versionActual"].startswith("15.")
    with pytest.raises(Refused, match="no RDS engine versions found"):
        aws.invoke(rds_version, engine="postgres", version="15.14", latest=True)
