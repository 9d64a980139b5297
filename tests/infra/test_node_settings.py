"""Mistakes in the settings of nodes, as test_settings.py tests those of all others."""

import pytest

from infra.settings import parse_options
from infra.validation.nodes import validate_nodes
from tests.infra.test_settings import refused_each, setting
from tests.support.plan import stack_values

MISTAKES = {
    "an instance type that the table lacks": (
        setting("nodes.groups.general.instanceTypes", ["z9.huge"]),
        "this program does not know the instance type 'z9.huge'",
        "add a row with its size to infra/config/instance_types.yaml",
    ),
    "two architectures in a group": (
        setting("nodes.groups.general.instanceTypes", ["t3.medium", "t4g.medium"]),
        "a group has one machine image, but t3.medium is x86_64, t4g.medium is arm64",
        "Give each architecture a group of its own",
    ),
    "more pods than the network interfaces allow": (
        setting(
            "nodes",
            {
                "podsPerNode": 110,
                "groups": {"g": {"instanceTypes": ["m7g.medium"], "min": 2, "max": 2}},
            },
        ),
        "the network interfaces of m7g.medium allow 98 pods, but nodes.podsPerNode is 110",
        "Lower nodes.podsPerNode",
    ),
    "a zone that the network lacks": (
        setting("nodes.groups.general.zones", ["us-east-1c"]),
        "nodes.groups.general.zones: 'us-east-1c' is not in network.zones",
        "Use us-east-1a, us-east-1b",
    ),
    "a group with a zone twice": (
        setting("nodes.groups.general.zones", ["us-east-1a", "us-east-1a"]),
        "nodes.groups.general.zones: ['us-east-1a', 'us-east-1a'] names a zone twice",
        "Name each zone once",
    ),
    "a label of the program": (
        setting("nodes.groups.general.labels", {"capacity": "mine"}),
        "nodes.groups.general.labels: 'capacity' is set by the program",
        "Use another key",
    ),
    "a label with which no node joins": (
        setting("nodes.groups.general.labels", {"node-role.kubernetes.io/worker": ""}),
        "'node-role.kubernetes.io/worker' belongs to Kubernetes or EKS",
        "Use a prefix of your own",
    ),
    "a label below no domain": (
        setting("nodes.groups.general.labels", {"a..example.com/team": "a"}),
        "nodes.groups.general.labels.a..example.com/team.[key]: 'a..example.com/team' is invalid",
        "Expected labels of its nodes",
    ),
    "a label that Kubernetes refuses": (
        setting("nodes.groups.general.labels", {"team": "not this"}),
        "nodes.groups.general.labels.team: 'not this' is invalid",
        "Expected labels of its nodes",
    ),
    "a taint of the program": (
        setting(
            "nodes.groups.general.taints", [{"key": "capacity", "effect": "prefer-no-schedule"}]
        ),
        "nodes.groups.general.taints: 'capacity' is set by the program",
        "Use another key",
    ),
    "a taint twice": (
        setting(
            "nodes.groups.general.taints",
            [
                {"key": "team", "value": value, "effect": "prefer-no-schedule"}
                for value in ("a", "b")
            ],
        ),
        "nodes.groups.general.taints: 'team' has the effect prefer-no-schedule twice",
        "Give each pair of key and effect one value",
    ),
    "an instance type twice": (
        setting("nodes.groups.general.instanceTypes", ["t3.medium", "t3.medium"]),
        "['t3.medium', 't3.medium'] is invalid: names t3.medium twice",
        "Expected EC2 instance types, 1 to 20",
    ),
    "an unknown effect of a taint": (
        setting("nodes.groups.general.taints", [{"key": "batch", "effect": "NoSchedule"}]),
        "nodes.groups.general.taints.0.effect: 'NoSchedule' is invalid",
        "Expected no-schedule, prefer-no-schedule or no-execute",
    ),
    "no group without a taint": (
        setting("nodes.groups.general.taints", [{"key": "batch"}]),
        "nodes.groups: every group that always has on-demand nodes has a taint",
        "Add a group without taints",
    ),
    "a disk below the image": (
        setting("nodes.groups.general.diskGb", 10),
        "nodes.groups.general.diskGb: 10 is invalid",
        "Expected root volume in GB, 20 to 500",
    ),
    "an image that is none": (
        setting("nodes.release", "newest"),
        "nodes.release: 'newest' is invalid",
        "Expected latest, or an AMI release such as 1.35.3-20260724",
    ),
    "an image for another Kubernetes": (
        setting("nodes.release", "1.34.7-20260724"),
        "nodes.release: 1.34.7-20260724 is an image for another minor than Kubernetes 1.36",
        "Name a release that begins with 1.36, or latest",
    ),
    "a key of another region": (
        setting("nodes.kmsKey", "arn:aws:kms:eu-west-1:123456789012:key/1234abcd"),
        "nodes.kmsKey: arn:aws:kms:eu-west-1:123456789012:key/1234abcd is not in us-east-1",
        "Name a key that begins with arn:aws:kms:us-east-1:",
    ),
    "a key of another partition": (
        setting("nodes.kmsKey", "arn:aws-cn:kms:us-east-1:123456789012:key/1234abcd"),
        "nodes.kmsKey: arn:aws-cn:kms:us-east-1:123456789012:key/1234abcd is not in us-east-1",
        "Name a key that begins with arn:aws:kms:us-east-1:",
    ),
    "a key that is none": (
        setting("nodes.kmsKey", "alias/mine"),
        "nodes.kmsKey: 'alias/mine' is invalid",
        "Expected ARN of a KMS key",
    ),
}


@pytest.mark.parametrize("key", ["node.kubernetes.io/pool", "notk8s.io/pool", "k8s.io"])
def test_a_label_that_a_kubelet_may_have_is_no_mistake(key: str) -> None:
    values = stack_values("dev")
    setting("nodes.groups.general.labels", {key: "a"})(values)
    found = validate_nodes(parse_options(values, "test"))
    assert [f for f in found if f.setting.endswith(".labels")] == []


test_a_mistake_is_refused_with_its_name_its_value_and_what_to_do = refused_each(MISTAKES)
