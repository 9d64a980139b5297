"""EKS below its component, and what it refuses of sizes, zones and versions, in AWS's words."""

from collections.abc import Iterator

from e2e.deploy.cloud.errors import Rejected
from e2e.deploy.cloud.fake_aws.network import GROUP, SUBNET, TEMPLATE
from e2e.deploy.cloud.fake_aws.services import KEY, ROLE
from e2e.deploy.cloud.kinds import Account, Asked, Kind, arn, texts_at
from e2e.deploy.cloud.records import Records
from e2e.deploy.cloud.values import Properties

CLUSTER = "aws:eks/cluster:Cluster"
NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
ADDON = "aws:eks/addon:Addon"
ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"

# docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html, read 2026-11. A version that is
# not here can no longer be created, as 1.31 since 2026-11-26, or not yet.
_KUBERNETES = {
    "1.32": "EXTENDED_SUPPORT",
    "1.33": "EXTENDED_SUPPORT",
    "1.34": "STANDARD_SUPPORT",
    "1.35": "STANDARD_SUPPORT",
    "1.36": "STANDARD_SUPPORT",
}


def cluster_versions(arguments: Properties) -> Properties:
    asked = arguments.get("clusterVersionsOnlies") or _KUBERNETES
    return {
        "clusterVersions": [
            {"clusterVersion": version, "versionStatus": _KUBERNETES[version]}
            for version in asked
            if version in _KUBERNETES
        ]
    }


def scaling_groups(records: Records, arguments: Properties) -> Properties:
    """Name the auto scaling groups of a cluster's node groups, as EKS names them."""
    [wanted] = arguments["filters"]
    clusters = wanted["values"] if wanted["name"] == "tag:eks:cluster-name" else []
    names = [name for name, group in _scaling(records) if group["clusterName"] in clusters]
    return {"id": "us-east-1", "names": names, "arns": []}


def scaling_group(records: Records, arguments: Properties) -> Properties:
    group = dict(_scaling(records))[arguments["name"]]
    return {"name": arguments["name"], "desiredCapacity": group["scalingConfig"]["desiredSize"]}


def _scaling(records: Records) -> Iterator[tuple[str, Properties]]:
    for one in records.resources():
        if one.type == NODE_GROUP:
            yield f"eks-{one.outputs['nodeGroupName']}-0ec7", one.outputs


def _check_sizes(asked: Asked, account: Account) -> None:
    """Compare the size with its limits, at create and after an update."""
    del account
    if not (scaling := asked.inputs.get("scalingConfig")):
        return
    least, desired, most = (int(scaling[f"{key}Size"]) for key in ("min", "desired", "max"))
    if least > desired:
        raise Rejected(
            f"InvalidParameterException: Minimum capacity {least} can't be greater than"
            f" desired size {desired}"
        )
    if desired > most:
        raise Rejected(
            f"InvalidParameterException: desired capacity {desired} can't be greater than"
            f" max size {most}"
        )


def _check_cluster(asked: Asked, account: Account) -> None:
    known = account.find(CLUSTER, asked.id) if asked.id else None
    version, old = asked.inputs.get("version"), known and known.outputs.get("version")
    if version and version != old and version not in _KUBERNETES:
        raise Rejected(f"InvalidParameterException: unsupported Kubernetes version {version}")
    if known is None:
        return
    before, after = _zones(known.outputs, account), _zones(asked.inputs, account)
    if before != after:
        raise Rejected(
            f"InvalidParameterException: Provided subnets belong to the AZs '{','.join(after)}'."
            f" But they should belong to the exact set of AZs '{','.join(before)}' in which"
            " subnets were provided during cluster creation."
        )


def _zones(values: Properties, account: Account) -> list[str]:
    subnets = (account.find(SUBNET, one) for one in texts_at(values, "vpcConfig.subnetIds"))
    return sorted({str(one.outputs["availabilityZone"]) for one in subnets if one})


KINDS = {
    CLUSTER: Kind(
        identity="{name}",
        # EKS makes one security group that Pulumi does not manage.
        outputs={
            "arn": arn("eks", "cluster/{name}"),
            "vpcConfig": {"clusterSecurityGroupId": "sg-{new}"},
        },
        along={"vpcConfig.clusterSecurityGroupId": GROUP},
        fixed=("name", "roleArn", "kubernetesNetworkConfig", "encryptionConfig"),
        refers={
            "roleArn": ROLE,
            "vpcConfig.subnetIds": SUBNET,
            "vpcConfig.securityGroupIds": GROUP,
            "encryptionConfig.provider.keyArn": KEY,
        },
        names="name",
        longest=100,
        protection=("deletionProtection", "InvalidRequestException"),
        check=_check_cluster,
    ),
    NODE_GROUP: Kind(
        identity="{clusterName}:{nodeGroupName}",
        fixed=(
            "amiType",
            "capacityType",
            "clusterName",
            "diskSize",
            "instanceTypes",
            "nodeGroupName",
            "nodeRoleArn",
            "subnetIds",
        ),
        refers={
            "clusterName": CLUSTER,
            "nodeRoleArn": ROLE,
            "subnetIds": SUBNET,
            "launchTemplate.id": TEMPLATE,
        },
        names="nodeGroupName",
        longest=63,
        check=_check_sizes,
    ),
    ADDON: Kind(
        identity="{clusterName}:{addonName}",
        fixed=("addonName", "clusterName"),
        refers={
            "clusterName": CLUSTER,
            "serviceAccountRoleArn": ROLE,
            "podIdentityAssociations.roleArn": ROLE,
        },
    ),
    ASSOCIATION: Kind(
        identity="a-{new}",
        fixed=("clusterName", "namespace", "serviceAccount"),
        refers={"clusterName": CLUSTER, "roleArn": ROLE},
    ),
}
