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


def volume_encryption(key_arn: str) -> str:
    """Allow the EBS CSI driver to encrypt volumes with a key of the account.

    Source: "Configure encryption" of the driver's guide (aws-ebs-csi-driver).
    """
    use = [
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
    ]
    grant = ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"]
    for_aws = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    return _document(_allow(use, key_arn), _allow(grant, key_arn, for_aws))


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


def tls_only(bucket_arn: str, *allowed: Statement) -> str:
    """Deny every request to a bucket without TLS, and allow what is given besides."""
    deny: Statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket_arn, f"{bucket_arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return _document(deny, *allowed)


def load_balancer_logs(bucket_arn: str, *, account: str, region: str) -> str:
    """Allow load balancers of this account to write access logs.

    AWS recommends the service principal everywhere. A region of before August 2022 was seen to
    refuse it alone ("Access Denied for bucket", ap-northeast-2, 2026-10).
    """
    principal = {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    if region in LOAD_BALANCER_ACCOUNTS:
        principal["AWS"] = LOAD_BALANCER_ACCOUNTS[region]
    write = _allow(["s3:PutObject"], f"{bucket_arn}/AWSLogs/{account}/*")
    return tls_only(bucket_arn, write | {"Principal": principal})


def flow_logs(bucket_arn: str, *, account: str) -> str:
    """Allow the delivery of this account's flow logs; AWS would otherwise extend the policy."""
    own = {"aws:SourceAccount": account}
    owned = {"s3:x-amz-acl": "bucket-owner-full-control"}
    service = {"Principal": {"Service": "delivery.logs.amazonaws.com"}}
    write = _allow(
        ["s3:PutObject"], f"{bucket_arn}/AWSLogs/{account}/*", {"StringEquals": own | owned}
    )
    look = _allow(["s3:GetBucketAcl", "s3:ListBucket"], bucket_arn, {"StringEquals": own})
    return tls_only(bucket_arn, write | service, look | service)


def write_log_group(group_arn: str) -> str:
    """Allow writing to one log group, without creating it again after its deletion."""
    write = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
    return _document(
        _allow(write, [group_arn, f"{group_arn}:*"]), _allow(["logs:DescribeLogGroups"], "*")
    )


# Elastic Load Balancing's accounts, which write access logs in regions of before August 2022:
# docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html. The list
# is closed: newer regions have a service principal only.
LOAD_BALANCER_ACCOUNTS: Mapping[str, str] = {
    "af-south-1": "098369216593",
    "ap-east-1": "754344448648",
    "ap-northeast-1": "582318560864",
    "ap-northeast-2": "600734575887",
    "ap-northeast-3": "383597477331",
    "ap-south-1": "718504428378",
    "ap-southeast-1": "114774131450",
    "ap-southeast-2": "783225319266",
    "ap-southeast-3": "589379963580",
    "ca-central-1": "985666609251",
    "cn-north-1": "638102146993",
    "cn-northwest-1": "037604701340",
    "eu-central-1": "054676820928",
    "eu-north-1": "897822967062",
    "eu-south-1": "635631232127",
    "eu-west-1": "156460612806",
    "eu-west-2": "652711504416",
    "eu-west-3": "009996457667",
    "me-south-1": "076674570225",
    "sa-east-1": "507241528517",
    "us-east-1": "127311923021",
    "us-east-2": "033677994240",
    "us-gov-east-1": "190560391635",
    "us-gov-west-1": "048591011584",
    "us-west-1": "027434742980",
    "us-west-2": "797873946194",
}
