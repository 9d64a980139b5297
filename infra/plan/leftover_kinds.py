"""What AWS may keep of a destroyed stack: how each kind is found, priced and deleted. Pure.

Prices are those of us-east-1 on demand, read 2026-11: they say what is worth deleting first.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from infra.config.instance_types import instance_types
from infra.versions import HOURS_PER_MONTH

# One entry of an answer of AWS.
Item: TypeAlias = Mapping[str, Any]

GIB = 1024**3
_TAGS = "Name=tag:Project,Values={project} Name=tag:Environment,Values={environment}"
_OF_PODS = "Name=tag:kubernetes.io/cluster/{cluster},Values=owned"
_OF_THE_CNI = "Name=tag:cluster.k8s.amazonaws.com/name,Values={cluster}"
_OF_EKS = "Name=tag:aws:eks:cluster-name,Values={cluster}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`questions` and `delete` are arguments of `aws`, with {project}, {cluster} or {id}."""

    name: str
    questions: tuple[str, ...]
    items: str
    id: str
    delete: str
    since: str = ""
    # Dollars a month.
    price: Callable[[Item], float] = field(default=lambda _: 0)
    # Where the question cannot ask for the stack's tags: the entry's tags, or a question for them.
    tags: str = ""
    ask_tags: str = ""
    # The key of a name, and how it looks if the program gave it: for entries without tags.
    named: str = ""
    ours: str = ""
    # `aws` cuts the answer after so many entries, if the operation has pages.
    paged: bool = True
    # The key of the database's identifier, after which RDS names log groups without tags.
    database: str = ""
    # Whether there may be one in the region of `database.backupCopyRegion`.
    copied: bool = False


def _per_gb(key: str, usd: float) -> Callable[[Item], float]:
    return lambda item: float(item.get(key, 0)) * usd


def _hourly(item: Item) -> float:
    size = instance_types().get(item["InstanceType"])
    usd = size.hourly_usd if size else None
    return (usd or 0) * HOURS_PER_MONTH


def _log_groups(prefix: str) -> Kind:
    return Kind(
        name="log group",
        questions=(f"logs describe-log-groups --log-group-name-prefix {prefix}",),
        items="logGroups",
        id="logGroupName",
        since="creationTime",
        price=_per_gb("storedBytes", 0.03 / GIB),
        delete="logs delete-log-group --log-group-name {id}",
    )


KINDS = (
    Kind(
        name="instance",
        questions=(
            (
                f"ec2 describe-instances --filters {_TAGS}"
                " Name=instance-state-name,Values=pending,running,stopping,stopped"
                " --query {{Instances:Reservations[].Instances[]}}"
            ),
        ),
        items="Instances",
        id="InstanceId",
        since="LaunchTime",
        price=_hourly,
        delete="ec2 terminate-instances --instance-ids {id}",
    ),
    Kind(
        name="VPC endpoint",
        questions=(f"ec2 describe-vpc-endpoints --filters {_TAGS}",),
        items="VpcEndpoints",
        id="VpcEndpointId",
        since="CreationTimestamp",
        # A gateway is in no subnet, and free.
        price=lambda item: 7.30 * len(item.get("SubnetIds", ())),
        delete="ec2 delete-vpc-endpoints --vpc-endpoint-ids {id}",
    ),
    Kind(
        name="EBS volume",
        questions=(
            f"ec2 describe-volumes --filters {_TAGS}",
            f"ec2 describe-volumes --filters {_OF_PODS}",
        ),
        items="Volumes",
        id="VolumeId",
        since="CreateTime",
        price=_per_gb("Size", 0.08),
        delete="ec2 delete-volume --volume-id {id}",
    ),
    Kind(
        name="EBS snapshot",
        questions=(
            f"ec2 describe-snapshots --owner-ids self --filters {_TAGS}",
            f"ec2 describe-snapshots --owner-ids self --filters {_OF_PODS}",
        ),
        items="Snapshots",
        id="SnapshotId",
        since="StartTime",
        price=_per_gb("VolumeSize", 0.05),
        delete="ec2 delete-snapshot --snapshot-id {id}",
    ),
    Kind(
        name="network interface",
        questions=(
            f"ec2 describe-network-interfaces --filters {_TAGS}",
            f"ec2 describe-network-interfaces --filters {_OF_THE_CNI}",
        ),
        items="NetworkInterfaces",
        id="NetworkInterfaceId",
        delete="ec2 delete-network-interface --network-interface-id {id}",
    ),
    Kind(
        name="security group",
        questions=(
            f"ec2 describe-security-groups --filters {_TAGS}",
            f"ec2 describe-security-groups --filters {_OF_EKS}",
        ),
        items="SecurityGroups",
        id="GroupId",
        delete="ec2 delete-security-group --group-id {id}",
    ),
    Kind(
        name="Elastic IP address",
        questions=(f"ec2 describe-addresses --filters {_TAGS}",),
        items="Addresses",
        id="AllocationId",
        price=lambda _: 3.65,
        delete="ec2 release-address --allocation-id {id}",
        paged=False,
    ),
    Kind(
        name="NAT gateway",
        questions=(
            (
                f"ec2 describe-nat-gateways --filter {_TAGS}"
                " Name=state,Values=pending,available,failed"
            ),
        ),
        items="NatGateways",
        id="NatGatewayId",
        since="CreateTime",
        price=lambda _: 32.85,
        delete="ec2 delete-nat-gateway --nat-gateway-id {id}",
    ),
    Kind(
        name="launch template",
        questions=(f"ec2 describe-launch-templates --filters {_TAGS}",),
        items="LaunchTemplates",
        id="LaunchTemplateId",
        since="CreateTime",
        delete="ec2 delete-launch-template --launch-template-id {id}",
    ),
    _log_groups("/aws/eks/{cluster}/"),
    Kind(
        name="database snapshot",
        questions=("rds describe-db-snapshots --snapshot-type manual",),
        items="DBSnapshots",
        id="DBSnapshotIdentifier",
        since="SnapshotCreateTime",
        price=_per_gb("AllocatedStorage", 0.095),
        delete="rds delete-db-snapshot --db-snapshot-identifier {id}",
        tags="TagList",
        named="DBSnapshotIdentifier",
        ours="^{cluster}-final-",
        database="DBInstanceIdentifier",
        copied=True,
    ),
    Kind(
        name="automated backups",
        questions=(
            "rds describe-db-instance-automated-backups --filters Name=status,Values=retained",
        ),
        items="DBInstanceAutomatedBackups",
        id="DbiResourceId",
        since="InstanceCreateTime",
        price=_per_gb("AllocatedStorage", 0.095),
        delete="rds delete-db-instance-automated-backup --dbi-resource-id {id}",
        tags="TagList",
        named="DBInstanceIdentifier",
        ours="^database-instance",
        database="DBInstanceIdentifier",
        copied=True,
    ),
    Kind(
        name="IAM role",
        questions=("iam list-roles --path-prefix {role_path}",),
        items="Roles",
        id="RoleName",
        since="CreateDate",
        delete="iam delete-role --role-name {id}   # detach and delete its policies first",
        ask_tags="iam list-role-tags --role-name {id}",
        # Pulumi's random end. Each such role is asked for its tags.
        named="RoleName",
        ours=r"-role-[0-9a-f]{{7}}$",
    ),
)
LOGS_OF_A_DATABASE = _log_groups("/aws/rds/instance/{database}/")
# Everything else that has the tags of the stack, or those that controllers in the cluster give to
# load balancers of Services; by the part of its ARN before the name.
TAGGED = tuple(
    f"resourcegroupstaggingapi get-resources --tag-filters {tags}"
    for tags in (
        "Key=Project,Values={project} Key=Environment,Values={environment}",
        "Key=kubernetes.io/cluster/{cluster},Values=owned",
        "Key=elbv2.k8s.aws/cluster,Values={cluster}",
    )
)
# A load balancer of the first generation, whose ARN has no kind before the name.
CLASSIC = "elasticloadbalancing:classic"
OTHERS: Mapping[str, tuple[str, float, str]] = {
    "elasticloadbalancing:loadbalancer": (
        "load balancer",
        16.43,
        "elbv2 delete-load-balancer --load-balancer-arn {arn}",
    ),
    CLASSIC: ("load balancer", 18.25, "elb delete-load-balancer --load-balancer-name {id}"),
    "elasticloadbalancing:targetgroup": (
        "target group",
        0,
        "elbv2 delete-target-group --target-group-arn {arn}",
    ),
    "ecr:repository": (
        "image registry",
        0,
        "ecr delete-repository --force --repository-name {id}",
    ),
    "s3:": ("bucket", 0, "s3 rb --force s3://{id}"),
    "kms:key": (
        "KMS key",
        1,
        "kms schedule-key-deletion --pending-window-in-days 7 --key-id {id}",
    ),
    "logs": ("log group", 0, "logs delete-log-group --log-group-name {id}"),
    "cloudwatch:alarm": ("alarm", 0.10, "cloudwatch delete-alarms --alarm-names {id}"),
    "ec2:instance": ("instance that has ended", 0, ""),
    "ec2:vpc-flow-log": ("flow log", 0, "ec2 delete-flow-logs --flow-log-ids {id}"),
    "rds:subgrp": (
        "database subnet group",
        0,
        "rds delete-db-subnet-group --db-subnet-group-name {id}",
    ),
    "rds:pg": (
        "parameter group",
        0,
        "rds delete-db-parameter-group --db-parameter-group-name {id}",
    ),
    "rds:db": ("database", 0, "rds delete-db-instance --db-instance-identifier {id}"),
    "eks:cluster": ("cluster: the stack is not destroyed", 73, "eks delete-cluster --name {id}"),
    "sns:": ("topic", 0, "sns delete-topic --topic-arn {arn}"),
    "ec2:vpc": ("VPC", 0, "ec2 delete-vpc --vpc-id {id}"),
}
