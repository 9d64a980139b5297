"""The control plane and its nodes: versions, access, what runs on them and with which limits."""

import base64
import email
import json
from email.message import Message

import pulumi
import pytest
import yaml

from infra import versions
from infra.plan import cloud
from tests.infra.test_aws_versions import unchanged
from tests.infra.test_settings import setting
from tests.support.plan import Tree, inputs_of, plan_of, plan_with

GROUPS = "aws:autoscaling/getAmiIds:getAmiIds"
LOG_GROUPS = "aws:cloudwatch/getLogGroups:getLogGroups"
LOG_GROUP = "aws:cloudwatch/getLogGroup:getLogGroup"
GROUP = "aws:eks/getNodeGroup:getNodeGroup"
stacks = pytest.mark.parametrize("stack", ["dev", "prod"])


@stacks
def test_the_cluster_is_the_reference_one(stack: str) -> None:
    cluster = inputs_of(plan_of(stack), "cluster-eks")
    expected = {
        "name": f"observability-platform-{stack}",
        "version": "1.36",
        "authenticationMode": "API",
        "upgradePolicy": {"supportType": "STANDARD"},
        "skipDefaultNodeGroup": True,
        "skipDefaultSecurityGroups": True,
        "enabledClusterLogTypes": [
            "api",
            "audit",
            "authenticator",
            "controllerManager",
            "scheduler",
        ],
        "serviceRole": "<cluster-role>",
        "deletionProtection": stack == "prod",
    }
    assert {key: cluster[key] for key in expected} == expected


@stacks
def test_every_add_on_is_pinned_and_coredns_waits_for_nodes(stack: str) -> None:
    plan = plan_of(stack)
    cluster = inputs_of(plan, "cluster-eks")
    assert cluster["vpcCniOptions"]["addonVersion"] == versions.VPC_CNI
    assert cluster["vpcCniOptions"]["enablePrefixDelegation"] is True
    assert cluster["vpcCniOptions"]["enableNetworkPolicy"] is True
    assert cluster["kubeProxyAddonOptions"]["version"] == versions.KUBERNETES["1.36"].kube_proxy
    # As a child of the remote component it would wait for nodes that wait for the component.
    assert cluster["corednsAddonOptions"]["enabled"] is False
    addons = plan.of_type("aws:eks/addon:Addon")
    assert {a.inputs["addonName"]: a.inputs["addonVersion"] for a in addons} == {
        "coredns": versions.KUBERNETES["1.36"].coredns,
        "eks-pod-identity-agent": versions.POD_IDENTITY_AGENT,
        "aws-ebs-csi-driver": versions.EBS_CSI_DRIVER,
        "eks-node-monitoring-agent": versions.NODE_MONITORING_AGENT,
    }
    assert all("nodes-general" in plan.waits_for(addon.name) for addon in addons)


@stacks
def test_control_plane_logs_have_a_group_with_retention_before_the_cluster(stack: str) -> None:
    plan = plan_of(stack)
    group = plan["cluster-logs"].inputs
    assert group["name"] == f"/aws/eks/observability-platform-{stack}/cluster"
    assert group["retentionInDays"] == {"dev": 30, "prod": 90}[stack]
    assert "cluster-logs" in plan["cluster-eks"].depends_on


@pytest.mark.parametrize("left", ["", "-2"])
def test_a_log_group_that_eks_left_is_taken_over(
    left: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "/aws/eks/observability-platform-dev/cluster"
    monkeypatch.setitem(cloud.FUNCTIONS, LOG_GROUPS, {"logGroupNames": [f"{name}{left}"]})
    assert plan_with(unchanged)["cluster-logs"].import_id == ("" if left else name)


def test_a_log_group_of_another_class_stops_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """EKS makes its group with the class STANDARD, and the class is fixed."""
    name = "/aws/eks/observability-platform-dev/cluster"
    monkeypatch.setitem(cloud.FUNCTIONS, LOG_GROUPS, {"logGroupNames": [name]})
    rare = setting("cluster.logClass", "INFREQUENT_ACCESS")
    with pytest.raises(pulumi.RunError, match=rf"exists with the class STANDARD.* delete.*{name}"):
        plan_with(rare)
    monkeypatch.setitem(cloud.FUNCTIONS, LOG_GROUP, {"logGroupClass": "INFREQUENT_ACCESS"})
    assert plan_with(rare)["cluster-logs"].import_id == name


@stacks
def test_volumes_and_snapshots_of_pods_carry_the_tags(stack: str) -> None:
    configuration = inputs_of(plan_of(stack), "managed-addons-ebs-csi")["configurationValues"]
    assert json.loads(configuration)["controller"]["extraVolumeTags"] == {
        "Project": "observability-platform",
        "Environment": stack,
        "ManagedBy": "pulumi",
    }
    assert "configurationValues" not in plan_of(stack)["managed-addons-coredns"].inputs


def test_access_entries_become_policies_of_the_cluster_or_of_namespaces() -> None:
    def grant(values: Tree) -> None:
        values["cluster"]["accessEntries"] = {
            "ops": {"principalArn": "arn:aws:iam::123456789012:role/ops", "access": "admin"},
            "team": {
                "principalArn": "arn:aws:iam::123456789012:role/team",
                "access": "view",
                "namespaces": ["observability"],
            },
        }

    entries = inputs_of(plan_with(grant), "cluster-eks")["accessEntries"]
    assert entries["ops"]["accessPolicies"]["admin"] == {
        "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
        "accessScope": {"type": "cluster"},
    }
    assert entries["team"]["principalArn"] == "arn:aws:iam::123456789012:role/team"
    assert entries["team"]["accessPolicies"]["view"] == {
        "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
        "accessScope": {"type": "namespace", "namespaces": ["observability"]},
    }


def test_a_private_endpoint_has_no_public_ranges() -> None:
    def close(values: Tree) -> None:
        values["cluster"] |= {"publicEndpoint": False, "publicEndpointCidrs": []}

    cluster = plan_with(close)["cluster-eks"].inputs
    assert cluster["endpointPublicAccess"] is False
    assert "publicAccessCidrs" not in cluster


def test_extended_support_is_bought_only_on_request() -> None:
    def buy(values: Tree) -> None:
        values["cluster"]["extendedSupport"] = True
        values["database"]["extendedSupport"] = True

    plan = plan_with(buy)
    assert plan["cluster-eks"].inputs["upgradePolicy"] == {"supportType": "EXTENDED"}
    lifecycle = plan["database-instance"].inputs["engineLifecycleSupport"]
    assert lifecycle == "open-source-rds-extended-support"


@stacks
def test_the_node_group_is_the_reference_one(stack: str) -> None:
    group = inputs_of(plan_of(stack), "nodes-general")
    assert group["scalingConfig"] == {"minSize": 2, "desiredSize": 2, "maxSize": 3}
    assert "instanceTypes" not in group
    assert inputs_of(plan_of(stack), "nodes-general-template")["instanceType"] == "t3.medium"
    assert group["capacityType"] == "ON_DEMAND"
    assert group["version"] == "1.36"
    assert group["launchTemplate"] == {"id": "<nodes-general-template.id>", "version": "1"}
    assert plan_of(stack)["nodes-general"].ignore_changes == ()


@pytest.mark.parametrize(
    ("running", "least", "most", "desired"),
    [(5, 2, 6, 5), (2, 4, 6, 4), (5, 2, 3, 3)],
    ids=["max is raised", "min is raised", "max is lowered"],
)
def test_limits_change_freely_and_the_autoscalers_size_stays_inside_them(
    running: int, least: int, most: int, desired: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = ["eks-nodes-general-2-0a1b2c3-uuid", "eks-somebody-elses-uuid"]
    monkeypatch.setitem(
        cloud.FUNCTIONS, GROUPS, {"names": [*others, "eks-nodes-general-0a1b2c3-d4e5-uuid"]}
    )
    monkeypatch.setitem(
        cloud.FUNCTIONS,
        GROUP,
        {
            "scalingConfigs": [{"desiredSize": running}],
            "instanceTypes": [],
            "releaseVersion": "1.36.2-20260601",
        },
    )
    group = plan_with(
        lambda values: values["nodes"]["groups"]["general"].update(min=least, max=most)
    )["nodes-general"]
    assert group.inputs["scalingConfig"] == {
        "minSize": least,
        "desiredSize": desired,
        "maxSize": most,
    }
    assert group.ignore_changes == ()


@stacks
def test_every_machine_asks_for_a_token_before_it_tells_its_credentials(stack: str) -> None:
    templates = plan_of(stack).of_type("aws:ec2/launchTemplate:LaunchTemplate")
    assert templates
    for template in templates:
        assert template.inputs["metadataOptions"] == {
            "httpEndpoint": "enabled",
            "httpTokens": "required",
            "httpPutResponseHopLimit": 1,
        }


def test_a_spot_group_stands_beside_the_group_that_stays() -> None:
    def add_spot(values: Tree) -> None:
        values["nodes"]["groups"]["spot"] = {
            "capacity": "spot",
            "instanceTypes": ["t3.medium", "t3a.medium"],
            "min": 0,
            "max": 3,
        }

    spot = inputs_of(plan_with(add_spot), "nodes-spot")
    assert spot["capacityType"] == "SPOT"
    assert spot["scalingConfig"] == {"minSize": 0, "desiredSize": 0, "maxSize": 3}
    assert spot["taints"] == [{"key": "capacity", "value": "spot", "effect": "PREFER_NO_SCHEDULE"}]


@stacks
def test_nodes_run_35_pods_and_reserve_memory_for_as_many(stack: str) -> None:
    """The drop-in is parsed as the machine would: MIME, shell script, YAML."""
    (template,) = plan_of(stack).of_type("aws:ec2/launchTemplate:LaunchTemplate")
    document = email.message_from_bytes(base64.b64decode(str(template.inputs["userData"])))
    parts = document.get_payload()
    assert isinstance(parts, list)
    (part,) = parts
    assert isinstance(part, Message)
    assert part.get_content_type() == "text/x-shellscript"
    script = str(part.get_payload())
    assert script.startswith("#!/bin/bash\n")
    path, _, rest = script.partition("cat > ")[2].partition(" <<'EOF'\n")
    assert path == "/etc/eks/nodeadm.d/10-max-pods.yaml"
    configuration = yaml.safe_load(rest.partition("EOF\n")[0])
    assert (configuration["apiVersion"], configuration["kind"]) == (
        "node.eks.aws/v1alpha1",
        "NodeConfig",
    )
    assert configuration["spec"]["kubelet"]["config"] == {
        "maxPods": 35,
        "kubeReserved": {"cpu": "70m", "memory": "640Mi", "ephemeral-storage": "1Gi"},
    }


def test_another_kubernetes_brings_its_own_builds() -> None:
    def choose(values: Tree) -> None:
        values["cluster"]["version"] = "1.35"

    plan = plan_with(choose)
    assert plan["managed-addons-coredns"].inputs["addonVersion"] == "v1.13.2-eksbuild.21"
    autoscaler = inputs_of(plan, "addons-cluster-autoscaler")
    assert autoscaler["values"]["image"] == {"tag": "v1.35.1"}


def test_the_kinds_of_control_plane_logs_are_a_choice() -> None:
    plan = plan_with(lambda values: values["cluster"].update(logTypes=["audit"]))
    assert plan["cluster-eks"].inputs["enabledClusterLogTypes"] == ["audit"]
