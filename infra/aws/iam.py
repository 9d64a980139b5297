"""Trust and permission documents as JSON text. Pure: ARNs come in as strings.

AWS stores policies unchanged, so every document has one canonical form, which avoids spurious
differences.
"""

import json
from collections.abc import Mapping
from typing import TypeAlias

Statement: TypeAlias = dict[str, object]

# Names of policies of AWS.
EKS_CLUSTER_POLICY = "AmazonEKSClusterPolicy"
# It allows changes only of what carries this cluster's tag. The driver sets the tag from 1.58 on,
# pod identity gives the session the cluster's name, and EKS tags managed nodes
# (aws-ebs-csi-driver#2918).
EBS_CSI_DRIVER_POLICY = "AmazonEBSCSIDriverEKSClusterScopedPolicy"
# AmazonEKS_CNI_Policy is here and not in a role of the add-on, because the CNI must work before the
# pod identity agent, which is itself a pod, can run.
NODE_POLICIES = {
    "worker": "AmazonEKSWorkerNodePolicy",
    "cni": "AmazonEKS_CNI_Policy",
    "registry": "AmazonEC2ContainerRegistryPullOnly",
    "session-manager": "AmazonSSMManagedInstanceCore",
}


def _document(*statements: Statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, sort_keys=True)


def _allow(
    actions: list[str], resource: str | list[str], condition: Mapping[str, object] | None = None
) -> Statement:
    statement: Statement = {"Effect": "Allow", "Action": actions, "Resource": resource}
    return statement | ({"Condition": condition} if condition else {})


def service_trust(principal: str, *, tag_session: bool = False) -> str:
    """Allow only one AWS service to assume the role."""
    return _document(
        {
            "Effect": "Allow",
            "Principal": {"Service": principal},
            "Action": ["sts:AssumeRole", *(["sts:TagSession"] if tag_session else [])],
        }
    )


def pod_identity_trust(*, cluster: str, namespace: str, service_account: str) -> str:
    """Allow the pods of one service account of one cluster to assume the role.

    EKS tags each session with the pod's place. Without the condition, an association made by
    mistake elsewhere in the account could use the role too.
    """
    return _document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": {
                "StringEquals": {
                    "aws:RequestTag/eks-cluster-name": cluster,
                    "aws:RequestTag/kubernetes-namespace": namespace,
                    "aws:RequestTag/kubernetes-service-account": service_account,
                }
            },
        }
    )


def secret_encryption(key_arn: str) -> str:
    """Allow the control plane to use the key that encrypts Kubernetes Secrets."""
    actions = ["kms:Encrypt", "kms:Decrypt", "kms:ListGrants", "kms:DescribeKey"]
    return _document(_allow(actions, key_arn))


def load_balancer_controller(target_group_arn: str) -> str:
    """Allow the nine actions of a controller that only binds pods to a target group.

    Source: "Special IAM cases" of the controller's installation guide. The controller never creates
    a load balancer here, so it has no permission to do so.
    """
    look = [
        "ec2:DescribeInstances",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeVpcs",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth",
    ]
    change = [
        "elasticloadbalancing:DeregisterTargets",
        "elasticloadbalancing:ModifyTargetGroup",
        "elasticloadbalancing:ModifyTargetGroupAttributes",
        "elasticloadbalancing:RegisterTargets",
    ]
    return _document(_allow(look, "*"), _allow(change, target_group_arn))


def cluster_autoscaler(cluster: str) -> str:
    """Allow reading everything, and changing the groups that EKS tagged for this cluster."""
    look = [
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeAutoScalingInstances",
        "autoscaling:DescribeLaunchConfigurations",
        "autoscaling:DescribeScalingActivities",
        "ec2:DescribeImages",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:GetInstanceTypesFromInstanceRequirements",
        "eks:DescribeNodegroup",
    ]
    change = ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"]
    owned = {"StringEquals": {f"aws:ResourceTag/k8s.io/cluster-autoscaler/{cluster}": "owned"}}
    return _document(_allow(look, "*"), _allow(change, "*", owned))


def publish(topic_arn: str) -> str:
    """Allow sending messages to one topic."""
    return _document(_allow(["sns:Publish"], topic_arn))


def keep_objects(bucket_arn: str) -> str:
    """Allow reading, writing and deleting the objects of one bucket."""
    objects = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
    return _document(_allow(["s3:ListBucket"], bucket_arn), _allow(objects, f"{bucket_arn}/*"))


def tls_only(bucket_arn: str) -> str:
    """Deny every request to a bucket without TLS."""
    return _document(
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [bucket_arn, f"{bucket_arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    )
