"""Who may act as which role, and what each role may do."""

import json
from typing import Any

import pytest

from infra.plan.model import Plan
from tests.support.plan import Tree, inputs_of, plan_of, plan_with
from tests.support.third_party import CHARTS, planned, rendered

stacks = pytest.mark.parametrize("stack", ["dev", "prod"])
POD_ROLES = {
    "aws-load-balancer-controller-role": ("kube-system", "aws-load-balancer-controller"),
    "cluster-autoscaler-role": ("kube-system", "cluster-autoscaler"),
    "ebs-csi-role": ("kube-system", "ebs-csi-controller-sa"),
    "kps-alertmanager-role": ("monitoring", "kps-alertmanager"),
    "loki-role": ("monitoring", "loki"),
}
# Logs are in a bucket in prod only.
ONLY_IN = {"loki-role": "prod"}


def pod_roles(stack: str) -> dict[str, tuple[str, str]]:
    return {name: of for name, of in POD_ROLES.items() if ONLY_IN.get(name, stack) == stack}


def statements(document: object) -> list[dict[str, Any]]:
    parsed = json.loads(str(document))
    assert parsed["Version"] == "2012-10-17"
    found: list[dict[str, Any]] = parsed["Statement"]
    return found


def trusts(plan: Plan) -> dict[str, list[dict[str, Any]]]:
    roles = plan.of_type("aws:iam/role:Role")
    return {role.name: statements(role.inputs["assumeRolePolicy"]) for role in roles}


@stacks
def test_every_role_is_trusted_to_exactly_one_service(stack: str) -> None:
    assert {
        name: (trust["Principal"], trust["Action"])
        for name, (trust,) in trusts(plan_of(stack)).items()
    } == {
        "cluster-role": ({"Service": "eks.amazonaws.com"}, ["sts:AssumeRole", "sts:TagSession"]),
        "nodes-role": ({"Service": "ec2.amazonaws.com"}, ["sts:AssumeRole"]),
        **dict.fromkeys(
            pod_roles(stack),
            ({"Service": "pods.eks.amazonaws.com"}, ["sts:AssumeRole", "sts:TagSession"]),
        ),
    }


@stacks
def test_a_workloads_role_serves_one_service_account_of_this_cluster(stack: str) -> None:
    for name, (namespace, service_account) in pod_roles(stack).items():
        (trust,) = trusts(plan_of(stack))[name]
        assert trust["Condition"] == {
            "StringEquals": {
                "aws:RequestTag/eks-cluster-name": f"observability-platform-{stack}",
                "aws:RequestTag/kubernetes-namespace": namespace,
                "aws:RequestTag/kubernetes-service-account": service_account,
            }
        }


@stacks
def test_associations_name_the_accounts_that_the_charts_make(stack: str) -> None:
    plan = plan_of(stack)
    associations = plan.of_type("aws:eks/podIdentityAssociation:PodIdentityAssociation")
    named = {(a.inputs["namespace"], a.inputs["serviceAccount"]) for a in associations}
    accounts = {
        (item["metadata"].get("namespace", namespace), item["metadata"]["name"])
        for chart in CHARTS
        for namespace in [planned(chart, plan).inputs["namespace"]]
        for item in rendered(chart, stack).of_kind("ServiceAccount")
    }
    assert named <= accounts
    assert named == {of for of in pod_roles(stack).values() if of[1] != "ebs-csi-controller-sa"}
    ebs_csi = inputs_of(plan, "managed-addons-ebs-csi")
    assert ebs_csi["podIdentityAssociations"] == [
        {"roleArn": "<ebs-csi-role.arn>", "serviceAccount": "ebs-csi-controller-sa"}
    ]


@stacks
def test_the_load_balancer_controller_changes_one_target_group_only(stack: str) -> None:
    policy = plan_of(stack)["aws-load-balancer-controller-policy"].inputs["policy"]
    look, change = statements(policy)
    assert all(":Describe" in action for action in look["Action"])
    assert change["Resource"] == "<load-balancer-backend.arn>"
    assert len(look["Action"]) + len(change["Action"]) == 9


@stacks
def test_the_autoscaler_changes_only_what_eks_tagged_for_this_cluster(stack: str) -> None:
    _, change = statements(plan_of(stack)["cluster-autoscaler-policy"].inputs["policy"])
    tag = f"aws:ResourceTag/k8s.io/cluster-autoscaler/observability-platform-{stack}"
    assert change["Condition"] == {"StringEquals": {tag: "owned"}}
    assert not [action for action in change["Action"] if "*" in action]


@stacks
def test_no_policy_of_ours_allows_every_action_of_a_service(stack: str) -> None:
    policies = plan_of(stack).of_type("aws:iam/rolePolicy:RolePolicy")
    assert policies
    for policy in policies:
        for statement in statements(policy.inputs["policy"]):
            assert not [action for action in statement["Action"] if action.endswith("*")]


@stacks
def test_roles_get_these_policies_of_aws_and_no_others(stack: str) -> None:
    plan = plan_of(stack)
    attachments = plan.of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert {
        (str(a.inputs["role"]), str(a.inputs["policyArn"]).rsplit("/")[-1]) for a in attachments
    } == {
        ("<cluster-role.name>", "AmazonEKSClusterPolicy"),
        ("<nodes-role.name>", "AmazonEKSWorkerNodePolicy"),
        ("<nodes-role.name>", "AmazonEKS_CNI_Policy"),
        ("<nodes-role.name>", "AmazonEC2ContainerRegistryPullOnly"),
        ("<nodes-role.name>", "AmazonSSMManagedInstanceCore"),
        ("<ebs-csi-role.name>", "AmazonEBSCSIDriverEKSClusterScopedPolicy"),
    }


def test_without_an_autoscaler_there_is_no_role_for_it() -> None:
    def switch_off(values: Tree) -> None:
        values["addons"] = {"clusterAutoscaler": False, "metricsServer": False}

    names = {resource.name for resource in plan_with(switch_off).resources}
    assert not {name for name in names if "autoscaler" in name or "metrics-server" in name}


def test_a_controller_that_the_cluster_brings_keeps_its_role_and_gets_no_chart() -> None:
    def switch_off(values: Tree) -> None:
        values["addons"] = {"loadBalancerController": False}

    plan = plan_with(switch_off)
    releases = {str(r.inputs["name"]) for r in plan.of_type("kubernetes:helm.sh/v3:Release")}
    assert "aws-load-balancer-controller" not in releases
    assert {"backend", "metrics-server"} <= releases
    names = {resource.name for resource in plan.resources}
    assert {"aws-load-balancer-controller-role", "backend-target-group-binding"} <= names
