"""What node groups are made of, and what happens to those that run already."""

import functools
import json

import pulumi
import pytest

from infra.aws import node_facts
from infra.aws.node_facts import Running
from infra.config.findings import Finding
from infra.config.instance_types import InstanceType, instance_types
from infra.plan import cloud
from infra.plan.model import Plan
from infra.plan.node_lines import node_lines
from infra.settings import parse_options
from infra.validation.deployment import validate
from tests.support.plan import TODAY, Tree, inputs_of, plan_of, plan_with, stack_values

OFFERS = "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd"


def group(*types: str, least: int = 2, most: int = 3, **more: object) -> Tree:
    return {"instanceTypes": list(types), "min": least, "max": most} | more


@functools.cache
def rich() -> Plan:
    """Record one stack with what a group can have."""
    groups = {
        "general": group("t4g.medium", most=2),
        "data": group(
            "c6i.large",
            least=1,
            most=1,
            zones=["us-east-1b"],
            diskGb=100,
            labels={"example.com/team": "data"},
            taints=[{"key": "batch", "value": "yes", "effect": "no-execute"}],
        ),
        "spot": group("m6g.large", "m7g.large", least=0, most=1, capacity="spot"),
    }
    # A plan takes seconds, and one shows all of it.
    return plan_with(
        lambda values: values["nodes"].update(groups=groups, kmsKey=KEY, release="1.36.2-20260601")
    )


def findings(**change: object) -> list[Finding]:
    values = stack_values("dev")
    values["nodes"] |= change
    return validate(parse_options(values, "test"), TODAY)


def test_the_table_agrees_with_itself() -> None:
    table = instance_types()
    assert table["t3.medium"].most_pods == 110
    assert table["m7g.medium"].most_pods == 2 * 3 * 16 + 2
    for name, row in table.items():
        family = name.partition(".")[0]
        assert (row.architecture == "arm64") == family.endswith("g"), name
        # Twice the machine has twice the price.
        smallest = next(r for n, r in table.items() if n.startswith(f"{family}."))
        assert row.hourly_usd
        assert smallest.hourly_usd
        ratio = row.memory_gib / smallest.memory_gib
        assert row.hourly_usd / smallest.hourly_usd == pytest.approx(ratio, rel=0.01), name


def test_machine_and_container_images_fit_the_architectures() -> None:
    plan = rich()
    assert {name: plan[f"nodes-{name}"].inputs["amiType"] for name in ("general", "data")} == {
        "general": "AL2023_ARM_64_STANDARD",
        "data": "AL2023_x86_64_STANDARD",
    }
    both = ["linux/amd64", "linux/arm64"]
    assert plan["bootstrap-image-build"].inputs["platforms"] == both
    assert plan.outputs["imagePlatforms"] == ",".join(both)
    assert plan_of("dev").outputs["imagePlatforms"] == "linux/amd64"
    assert plan_of("dev")["nodes-general"].inputs["amiType"] == "AL2023_x86_64_STANDARD"


def test_one_type_is_in_the_launch_template_and_several_are_in_the_group() -> None:
    plan = rich()
    assert plan["nodes-general-template"].inputs["instanceType"] == "t4g.medium"
    assert "instanceTypes" not in plan["nodes-general"].inputs
    assert "instanceType" not in plan["nodes-spot-template"].inputs
    assert plan["nodes-spot"].inputs["instanceTypes"] == ["m6g.large", "m7g.large"]


def test_what_runs_keeps_the_place_of_its_type_and_never_gets_an_older_image(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """EKS never moves a type, so a group with a new one is replaced; the provider does not know."""
    running = {
        "modern": Running(2, (), "1.36.2-20260601"),
        "old": Running(2, ("t3.medium",), "1.36.3-20260724"),
        # AWS has taken its newest image back (eksctl#2850).
        "moved": Running(2, ("t3.medium",), "1.36.10-20260801"),
    }
    monkeypatch.setattr(node_facts, "running_groups", lambda *_: running)
    monkeypatch.setitem(
        cloud.FUNCTIONS,
        "aws:ssm/getParameter:getParameter",
        {"insecureValue": "1.36.3-20260724"},
    )
    types = {"modern": "t3.large", "old": "t3.medium", "moved": "t3.large"}
    groups = {name: group(kind, least=1, most=1) for name, kind in types.items()}
    plan = plan_with(lambda values: values["nodes"].update(groups=groups))
    made = {name: plan[f"nodes-{name}"] for name in types}
    assert {name: one.inputs.get("instanceTypes") for name, one in made.items()} == {
        "modern": None,
        "old": ["t3.medium"],
        "moved": None,
    }
    assert [name for name in types if "instanceType" in plan[f"nodes-{name}-template"].inputs] == [
        "modern",
        "moved",
    ]
    assert {name: one.replace_on_changes for name, one in made.items()} == {
        "modern": (),
        "old": (),
        "moved": ("launchTemplate",),
    }
    assert {name: one.inputs["releaseVersion"] for name, one in made.items()} == {
        "modern": "1.36.3-20260724",
        "old": "1.36.3-20260724",
        "moved": "1.36.10-20260801",
    }


@pytest.mark.parametrize(
    ("offered", "runs", "stops"),
    [
        (["us-east-1a", "us-east-1b"], False, False),
        (["us-east-1a"], False, True),
        ([], False, True),
        # Nothing that runs is stopped.
        (["us-east-1a"], True, False),
    ],
)
def test_a_type_that_ec2_has_not_in_a_zone_stops_a_new_group(
    offered: list[str], runs: bool, stops: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = {"general": Running(2, (), "1.36.2-20260601")} if runs else {}
    monkeypatch.setattr(node_facts, "running_groups", lambda *_: running)
    answer = {"instanceTypes": ["t4g.medium"] * len(offered), "locations": offered}
    monkeypatch.setitem(cloud.FUNCTIONS, OFFERS, answer)

    def change(values: Tree) -> None:
        values["nodes"]["groups"] = {"general": group("t4g.medium", "m7g.large")}

    if stops:
        zone = "us-east-1b" if offered else "us-east-1a"
        with pytest.raises(pulumi.RunError, match=f"no t4g.medium or m7g.large in {zone}"):
            plan_with(change)
    else:
        assert plan_with(change).resources


def test_a_pinned_image_comes_node_by_node_and_within_disruption_budgets() -> None:
    found = rich()["nodes-general"].inputs
    assert found["releaseVersion"] == "1.36.2-20260601"
    assert found["updateConfig"] == {"maxUnavailable": 1}
    assert found["forceUpdateVersion"] is False
    assert found["nodeRepairConfig"] == {"enabled": True}
    assert plan_of("dev")["nodes-general"].inputs["releaseVersion"] == "<newest release>"


def test_a_group_has_its_own_zones_disk_labels_and_taints() -> None:
    plan = rich()
    data = inputs_of(plan, "nodes-data")
    assert data["subnetIds"] == ["<network-private-us-east-1b.id>"]
    assert data["labels"] == {"example.com/team": "data", "capacity": "on-demand"}
    assert data["taints"] == [{"key": "batch", "value": "yes", "effect": "NO_EXECUTE"}]
    assert len(inputs_of(plan, "nodes-general")["subnetIds"]) == 2
    disks = [
        inputs_of(plan, f"nodes-{name}-template")["blockDeviceMappings"][0]["ebs"]["volumeSize"]
        for name in ("general", "data")
    ]
    assert disks == [20, 100]


def test_a_key_encrypts_the_volumes_of_nodes_and_pods() -> None:
    plan = rich()
    template = inputs_of(plan, "nodes-general-template")
    assert template["blockDeviceMappings"][0]["ebs"]["kmsKeyId"] == KEY
    assert inputs_of(plan, "addons-gp3")["parameters"]["kmsKeyId"] == KEY
    policies = plan.of_type("aws:iam/rolePolicy:RolePolicy")
    [driver] = [policy for policy in policies if policy.name == "ebs-csi-policy"]
    use, grant = json.loads(str(driver.inputs["policy"]))["Statement"]
    assert use["Resource"] == grant["Resource"] == KEY
    assert grant["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    assert not [action for action in use["Action"] if action.endswith("*")]


def test_a_key_is_a_finding_that_names_its_grant(monkeypatch: pytest.MonkeyPatch) -> None:
    [finding] = [f for f in findings(kmsKey=KEY) if f.setting == "nodes.kmsKey"]
    role = "aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    command = f"--key-id {KEY} --grantee-principal arn:aws:iam::123456789012:role/{role}"
    assert command in finding.remedy

    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    for answer in ("alias/aws/ebs", "alias/mine", KEY):
        monkeypatch.setattr(node_facts, "default_key", lambda _, answer=answer: answer)
        node_facts.warn_of_default_key(None)  # type: ignore[arg-type]  # nobody is asked
    [text] = said
    assert command in text
    assert "Name it in nodes.kmsKey, so that the driver may use it for the volumes of pods" in text


@pytest.mark.parametrize(
    ("groups", "named"),
    [
        ({"g": group("t3.medium")}, ["nodes.groups.g.zones"]),
        ({"g": group("t3.medium", most=2)}, []),
        (
            {
                "a": group("t3.medium", least=1, zones=["us-east-1a"]),
                "b": group("t3.medium", least=1, most=2, zones=["us-east-1b"]),
            },
            [],
        ),
    ],
    ids=["a group over zones", "a group that does not grow", "a group for each zone"],
)
def test_a_group_in_which_no_zone_can_be_chosen_is_a_finding(
    groups: Tree, named: list[str]
) -> None:
    found = [f.setting for f in findings(groups=groups) if f.setting.endswith(".zones")]
    assert found == named


def test_a_zone_bears_the_largest_groups_that_stand_in_it() -> None:
    groups = {
        "everywhere": group("t3.medium", most=2),
        "a": group("t3.medium", least=0, zones=["us-east-1a"]),
    }
    [found] = [f for f in findings(groups=groups) if f.setting == "network.privateCidrs"]
    assert found.message.startswith("10.0.11.0/24 has room for 3 nodes with 35 pods")
    assert found.message.endswith("node groups can put 4 there")


def test_the_plan_says_what_the_subnets_bear_and_what_nodes_cost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values = stack_values("dev")
    values["nodes"]["groups"]["general"] |= {"zones": ["us-east-1a"]}
    options = parse_options(values, "test")
    first, last = node_lines(options)
    assert first.startswith(
        "general: 2 to 3 x t3.medium (x86_64) in us-east-1a, $61 to $91 a month"
    )
    assert (
        last == "private subnets have room for 3 + 3 nodes with 35 pods each; the groups grow to 3"
    )
    row = instance_types()["t3.medium"]
    unpriced = {"t3.medium": InstanceType(2, 4, row.architecture, 3, 6, None)}
    monkeypatch.setattr("infra.config.nodes.instance_types", lambda: unpriced)
    assert "no price known" in next(iter(node_lines(options)))
    said = [f.message for f in validate(options, TODAY)]
    assert "no price of t3.medium is known, so the plan shows none" in said


def test_groups_with_templates_of_their_own_are_similar_to_the_autoscaler() -> None:
    arguments = inputs_of(plan_of("dev"), "addons-cluster-autoscaler")["values"]["extraArgs"]
    assert arguments["balance-similar-node-groups"] is True
    ignored = {value for key, value in arguments.items() if key.startswith("balancing-ignore")}
    assert ignored == {
        "eks.amazonaws.com/sourceLaunchTemplateId",
        "eks.amazonaws.com/sourceLaunchTemplateVersion",
    }
