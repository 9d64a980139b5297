"""Every partition, account and zone: nothing is taken for granted that only us-east-1 has."""

import functools
import json
import logging
import re
from collections.abc import Iterator

import pulumi
import pytest

from infra.config.partition import partition_of
from infra.plan import cloud
from infra.plan.model import Json, Plan
from infra.plan.project import read_stack
from infra.plan.recorder import record
from infra.settings import SettingsError, load_settings
from infra.stack import build
from tests.infra.stacks import VARIANTS
from tests.infra.test_aws_versions import logged, refuse, unchanged
from tests.support.plan import PROJECT, ROOT, TODAY, Tree, inputs_of, plan_of, plan_with, walk

__all__ = ["logged"]  # a fixture
ZONES = "aws:index/getAvailabilityZones:getAvailabilityZones"
VPCS = "aws:ec2/getVpcs:getVpcs"
ACCOUNT: dict[str, Json] = {
    "names": ["us-east-1a", "us-east-1b", "us-east-1e"],
    "zoneIds": ["use1-az4", "use1-az6", "use1-az3"],
}


@functools.cache
def variant(name: str) -> Plan:
    return plan_with(VARIANTS[name])


def texts(plan: Plan) -> Iterator[str]:
    for resource in plan.resources:
        yield from (value for _, value in walk(dict(resource.inputs)) if isinstance(value, str))
    yield from map(str, plan.outputs.values())


@pytest.mark.parametrize(
    ("region", "name", "suffix"),
    [
        ("us-east-1", "aws", "amazonaws.com"),
        ("eu-west-1", "aws", "amazonaws.com"),
        ("us-gov-east-1", "aws-us-gov", "amazonaws.com"),
        ("cn-northwest-1", "aws-cn", "amazonaws.com.cn"),
        ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
        ("us-iso-east-1", "aws-iso", "c2s.ic.gov"),
        ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov"),
        ("eu-isoe-west-1", "aws-iso-e", "cloud.adc-e.uk"),
        ("us-isof-south-1", "aws-iso-f", "csp.hci.ic.gov"),
    ],
)
def test_a_region_is_in_one_partition(region: str, name: str, suffix: str) -> None:
    found = partition_of(region)
    assert (found.name, found.dns_suffix) == (name, suffix)


@pytest.mark.parametrize("name", ["china", "govcloud"])
def test_no_arn_or_region_of_another_partition_is_anywhere_in_the_plan(name: str) -> None:
    found = [text for text in texts(variant(name)) if "arn:aws:" in text or "us-east-1" in text]
    assert found == []
    partition = {"china": "aws-cn", "govcloud": "aws-us-gov"}[name]
    policies = variant(name).of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert len(policies) > 4
    for policy in policies:
        assert str(policy.inputs["policyArn"]).startswith(f"arn:{partition}:iam::aws:policy/")


def test_hosts_in_china_end_with_cn_and_principals_are_those_that_iam_takes_there() -> None:
    hosts = {host for text in texts(variant("china")) for host in re.findall(r"[\w.-]+", text)}
    of_aws = {host for host in hosts if ".amazonaws." in host}
    assert of_aws == {
        "eks.amazonaws.com",
        "pods.eks.amazonaws.com",
        "ec2.amazonaws.com.cn",
        "com.amazonaws.cn-north-1.s3",
        "918309763551.dkr.ecr.cn-north-1.amazonaws.com.cn",
    }


def test_an_organisations_boundary_and_path_are_on_every_role() -> None:
    boundary = "arn:aws:iam::123456789012:policy/limits"

    def limit(values: Tree) -> None:
        values.update(permissionsBoundary=boundary, rolePath="/platform/")

    roles = plan_with(limit, "prod").of_type("aws:iam/role:Role")
    assert len(roles) > 5
    for role in roles:
        assert (role.inputs["permissionsBoundary"], role.inputs["path"]) == (boundary, "/platform/")
    for role in plan_of("prod").of_type("aws:iam/role:Role"):
        assert not {"permissionsBoundary", "path"} & role.inputs.keys()


MISTAKES: dict[str, tuple[dict[str, object], str]] = {
    "copies of backups in GovCloud": (
        {
            "region": "us-gov-west-1",
            "network.zones": ["us-gov-west-1a", "us-gov-west-1b"],
            "database.backupCopyRegion": "us-gov-east-1",
        },
        (
            "database.backupCopyRegion: in GovCloud, RDS copies to us-gov-east-1 only with a signed"
            " URL, which the provider does not make. Remove it, and after `pulumi up` run once: aws"
            " rds start-db-instance-automated-backups-replication --region us-gov-east-1"
            " --source-region us-gov-west-1 "
        ),
    ),
    "boundary of another partition": (
        {"permissionsBoundary": "arn:aws-cn:iam::123456789012:policy/limits"},
        (
            "permissionsBoundary: arn:aws-cn:iam::123456789012:policy/limits is in the partition"
            " aws-cn, but us-east-1 is in aws. Name an ARN that begins with arn:aws:"
        ),
    ),
    "no boundary": (
        {"permissionsBoundary": "limits"},
        "permissionsBoundary: 'limits' is invalid",
    ),
    "a path without its last slash": ({"rolePath": "/a"}, "rolePath: '/a' is invalid"),
    "a zone without control planes": (
        {"network.zones": ["use1-az3", "us-east-1a"]},
        "network.zones: EKS places no control plane in use1-az3",
    ),
    "a principal of another partition": (
        {
            "cluster.accessEntries": {
                "a": {"principalArn": "arn:aws-us-gov:iam::123456789012:role/r"}
            }
        },
        "cluster.accessEntries.a.principalArn: arn:aws-us-gov:iam::123456789012:role/r is in",
    ),
}


@pytest.mark.parametrize(("changes", "sentence"), MISTAKES.values(), ids=MISTAKES)
def test_what_another_place_offers_is_refused(changes: dict[str, object], sentence: str) -> None:
    def change(values: Tree) -> None:
        for path, value in changes.items():
            group, _, name = path.rpartition(".")
            (values[group] if group else values)[name] = value
        for entry in values["cluster"]["accessEntries"].values():
            entry["access"] = "view"

    with pytest.raises(SettingsError) as caught:
        plan_with(change)
    assert sentence in str(caught.value)


def by_id(values: Tree) -> None:
    values["network"]["zones"] = ["use1-az4", "us-east-1b"]
    values["nodes"]["groups"]["general"]["zones"] = ["use1-az4", "us-east-1b"]


def test_a_zone_by_id_is_the_zone_by_name_once_aws_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert inputs_of(plan_with(by_id), "network-public-use1-az4")["availabilityZone"] == "use1-az4"
    monkeypatch.setitem(cloud.FUNCTIONS, ZONES, ACCOUNT)
    plan = plan_with(by_id)
    assert {r.name for r in plan.resources} - {"zones"} == {
        r.name for r in plan_of("dev").resources
    }
    for name in ("guard", "nodes-general"):
        assert plan[name].inputs == plan_of("dev")[name].inputs


@pytest.mark.parametrize(
    ("zones", "sentence"),
    [
        (["use1-az2", "us-east-1a"], r"the account has no zone \['use1-az2'\]"),
        (["use1-az4", "us-east-1a"], "names a zone twice"),
        (["us-east-1a", "us-east-1c"], "the account has no zone us-east-1c"),
        (["us-east-1a", "us-east-1e"], "us-east-1e is use1-az3 in this account, where EKS places"),
    ],
)
def test_a_zone_that_the_account_or_eks_does_not_offer_stops_the_program(
    zones: list[str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(cloud.FUNCTIONS, ZONES, ACCOUNT)
    with pytest.raises(pulumi.RunError, match=sentence):
        plan_with(lambda values: values["network"].update(zones=zones))


def test_ids_need_an_answer_and_names_do_not(
    monkeypatch: pytest.MonkeyPatch, logged: pytest.LogCaptureFixture
) -> None:
    refuse(monkeypatch, {ZONES: "AccessDenied"})
    with pytest.raises(pulumi.RunError, match=r"which zones use1-az4, us-east-1b are: .*Denied"):
        plan_with(by_id)
    plan_with(unchanged)
    assert [text for text in logged.messages if "zones and ranges are not compared" in text]


@pytest.mark.parametrize(("own", "warned"), [([], True), (["vpc-own"], False)])
def test_a_range_that_another_vpc_has_is_a_hint_until_the_stack_exists(
    own: list[str], warned: bool, monkeypatch: pytest.MonkeyPatch, logged: pytest.LogCaptureFixture
) -> None:
    answers = iter([own, ["vpc-other"]])
    monkeypatch.setattr("infra.aws.account._vpcs", lambda *_: next(answers))
    plan_with(unchanged)
    told = [
        text for text in logged.messages if "another VPC of the account has 10.0.0.0/16" in text
    ]
    assert bool(told) is warned


NAMED = re.compile(r"^(name|bucket|identifier|alias|.*Identifier|repositoryName|functionName)$")


def _names(plan: Plan) -> set[str]:
    """Everything on AWS that the program names itself; Pulumi adds a random part to all others."""
    return {
        f"{resource.type} {value}"
        for resource in plan.resources
        if resource.type.startswith(("aws:", "eks:"))
        for key, value in resource.inputs.items()
        # A reference to another resource is no name.
        if NAMED.match(key) and isinstance(value, str) and not value.startswith("<")
    }


def test_two_stacks_of_one_account_and_region_share_no_name() -> None:
    """The second one differs from `dev` by its name alone."""
    config = read_stack(ROOT, "dev")
    second = record(
        lambda: build(load_settings(today=TODAY)),
        project=PROJECT,
        stack="second",
        config=config.values,
    )
    names = _names(plan_of("dev"))
    assert {"eks:index:Cluster observability-platform-dev"} < names
    assert not names & _names(second)
    assert json.dumps(dict(second["aws"].inputs)).count("second") == 1


def test_a_stack_whose_name_eks_refuses_is_refused() -> None:
    """Pulumi allows a period; EKS would refuse the cluster when the network is made."""
    config = read_stack(ROOT, "dev")
    with pytest.raises(SettingsError, match=r"EKS refuses 'prod\.eu' in it. Use letters"):
        record(
            lambda: build(load_settings(today=TODAY)),
            project=PROJECT,
            stack="prod.eu",
            config=config.values,
        )


def test_china_is_warned_about_images(logged: pytest.LogCaptureFixture) -> None:
    with logged.at_level(logging.WARNING):
        plan_with(VARIANTS["china"])
    assert [text for text in logged.messages if "registries outside China" in text]
