"""EKS below its component, and what it refuses, in AWS's words."""

import re
from datetime import date

from e2e.deploy.cloud.errors import Rejected
from e2e.deploy.cloud.fake_aws.network import GROUP, SUBNET, TEMPLATE
from e2e.deploy.cloud.fake_aws.services import KEY, ROLE
from e2e.deploy.cloud.kinds import Account, Asked, Kind, arn, texts_at
from e2e.deploy.cloud.records import Records
from e2e.deploy.cloud.values import Properties
from infra import versions
from infra.versions import Support

CLUSTER = "aws:eks/cluster:Cluster"
NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
ADDON = "aws:eks/addon:Addon"
ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"

# Here it is always this day: what is supported must not depend on the clock.
_TODAY = date(2026, 11, 30)
# A version that is not here can no longer be created, as 1.31 since 2026-11-26, or not yet.
_KUBERNETES = {
    minor: f"{stands.name}_SUPPORT"
    for minor, release in versions.KUBERNETES.items()
    if (stands := release.support.on(_TODAY)) is not Support.ENDED
}
# docs.aws.amazon.com/eks/latest/userguide/update-cluster.html: so much older may a kubelet be.
_OLDEST_NODES = 3


_NEWEST_IMAGE = "1.35.3-20260724"
_IMAGE = (
    r"/aws/service/eks/optimized-ami/(\d\.\d+)/amazon-linux-2023/(?:x86_64|arm64)/standard"
    r"/recommended/release_version"
)
_GRAVITON = re.compile(r"[a-z]+\dg")


def cluster_versions(arguments: Properties) -> Properties:
    asked = arguments.get("clusterVersionsOnlies") or _KUBERNETES
    return {
        "clusterVersions": [
            {"clusterVersion": version, "versionStatus": _KUBERNETES[version]}
            for version in asked
            if version in _KUBERNETES
        ]
    }


def clusters(records: Records, _: Properties) -> Properties:
    return {"names": [one.outputs["name"] for one in records.all(CLUSTER)]}


def cluster(records: Records, arguments: Properties) -> Properties:
    found = records.get(CLUSTER, arguments["name"])
    if found is None:
        raise Rejected(f"couldn't find resource: no cluster {arguments['name']}")
    return {"name": arguments["name"], "version": found.outputs["version"]}


def scaling_groups(records: Records, arguments: Properties) -> Properties:
    """Name the auto scaling groups of a cluster's node groups, as EKS names them."""
    [wanted] = arguments["filters"]
    clusters = wanted["values"] if wanted["name"] == "tag:eks:cluster-name" else []
    groups = [one.outputs for one in records.all(NODE_GROUP)]
    ours = [group["nodeGroupName"] for group in groups if group["clusterName"] in clusters]
    names = [f"eks-{name}-0ec7" for name in ours]
    return {"id": "us-east-1", "names": names, "arns": []}


def node_group(records: Records, arguments: Properties) -> Properties:
    wanted = {"clusterName", "nodeGroupName"}
    [group] = [
        one.outputs
        for one in records.all(NODE_GROUP)
        if all(one.outputs[key] == arguments[key] for key in wanted)
    ]
    return {
        "instanceTypes": group.get("instanceTypes") or [],
        "releaseVersion": group.get("releaseVersion") or _NEWEST_IMAGE,
        "scalingConfigs": [group["scalingConfig"]],
    }


def newest_image(arguments: Properties) -> Properties:
    minor = re.fullmatch(_IMAGE, arguments["name"])
    if not minor:
        raise Rejected(f"ParameterNotFound: {arguments['name']}")
    return {"insecureValue": _NEWEST_IMAGE.replace("1.35", minor[1])}


def _check_image(asked: Asked, account: Account) -> None:
    known, after = account.find(NODE_GROUP, asked.id), asked.inputs.get("releaseVersion")
    before = known and known.outputs.get("releaseVersion")
    if before and after and _numbers(after) < _numbers(before):
        raise Rejected(
            f"InvalidParameterException: Requested Nodegroup release version {after} is invalid."
            f" Allowed release version is {before}"
        )


def _check_types(asked: Asked, account: Account) -> None:
    """Compare types with the machine image, and their place with the one at create."""
    template = account.find(TEMPLATE, asked.inputs.get("launchTemplate", {}).get("id", ""))
    named = template and template.outputs.get("instanceType")
    types = asked.inputs.get("instanceTypes") or []
    known = account.find(NODE_GROUP, asked.id)
    if named and known and known.outputs.get("instanceTypes"):
        raise Rejected(
            "InvalidParameterException: You must continue to not specify an instance type within"
            " the launch template"
        )
    if named and types:
        raise Rejected(
            "InvalidRequestException: Cannot specify instance types in launch template and API"
            " request"
        )
    image = asked.inputs.get("amiType") or "AL2023_x86_64_STANDARD"
    for one in [named] if named else types:
        if bool(_GRAVITON.match(one)) != ("ARM_64" in image):
            raise Rejected(
                f"InvalidParameterException: [{one}] is not a valid instance type for requested"
                f" amiType {image}"
            )


def _numbers(release: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", release)]


def _check_sizes(asked: Asked) -> None:
    """Compare the size with its limits, at create and after an update."""
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


def _check_node_group(asked: Asked, account: Account) -> None:
    _check_sizes(asked)
    _check_types(asked, account)
    _check_image(asked, account)
    of_cluster, version = _minor_of_cluster(asked, account), asked.inputs.get("version")
    if version and _minor(version) > of_cluster:
        # That EKS refuses it is known (eksctl#3727), but not in which words.
        raise Rejected(
            f"InvalidParameterException: nodes of Kubernetes {version} are newer than their"
            f" cluster (1.{of_cluster})"
        )


def _check_addon(asked: Asked, account: Account) -> None:
    """Refuse a kube-proxy for a later Kubernetes: EKS offers each of its builds for one minor."""
    version = asked.inputs.get("addonVersion")
    if asked.inputs["addonName"] != "kube-proxy" or not version:
        return
    if _minor(version) > _minor_of_cluster(asked, account):
        raise Rejected("InvalidParameterException: Addon version specified is not supported")


def _minor_of_cluster(asked: Asked, account: Account) -> int:
    of_cluster = account.find(CLUSTER, asked.inputs["clusterName"])
    return _minor(of_cluster.outputs.get("version") or "1.0") if of_cluster else 0


def _minor(version: str) -> int:
    return int(version.split(".")[1])


def _update_version(asked: Asked, old: Properties, account: Account) -> None:
    """Refuse what `UpdateClusterVersion` refuses. The provider calls it when its state differs.

    A rollback is the same call, and refused while nodes are newer: nobody rolls back through
    `pulumi up`, which changes the control plane first.
    """
    live = account.find(CLUSTER, asked.id)
    after = asked.inputs.get("version")
    if live is None or after in {None, old.get("version")}:
        return
    before = live.outputs["version"]
    if _minor(after) != _minor(before) + 1:
        raise Rejected(
            f"InvalidParameterException: Unsupported Kubernetes minor version update from {before}"
            f" to {after}"
        )
    groups = (one for one in account.all(NODE_GROUP) if one.outputs["clusterName"] == asked.id)
    for one in groups:
        if _minor(one.outputs["version"]) < _minor(after) - _OLDEST_NODES:
            raise Rejected(
                f"InvalidParameterException: Nodegroups {one.outputs['nodeGroupName']} must be"
                f" updated to match cluster version {before} before updating cluster version"
            )


def _check_cluster(asked: Asked, account: Account) -> None:
    known = account.find(CLUSTER, asked.id)
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
        change=_update_version,
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
        check=_check_node_group,
    ),
    ADDON: Kind(
        identity="{clusterName}:{addonName}",
        fixed=("addonName", "clusterName"),
        refers={
            "clusterName": CLUSTER,
            "serviceAccountRoleArn": ROLE,
            "podIdentityAssociations.roleArn": ROLE,
        },
        check=_check_addon,
    ),
    ASSOCIATION: Kind(
        identity="a-{new}",
        fixed=("clusterName", "namespace", "serviceAccount"),
        refers={"clusterName": CLUSTER, "roleArn": ROLE},
    ),
}
