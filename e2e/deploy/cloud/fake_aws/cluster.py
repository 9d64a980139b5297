"""EKS below its component, and the image registry."""

from e2e.deploy.cloud.cloud import Asked
from e2e.deploy.cloud.fake_aws.identity import KEY, ROLE
from e2e.deploy.cloud.fake_aws.kind import (
    ACCOUNT,
    Account,
    Kind,
    flagged,
    joined,
    named,
    new_id,
    token,
)
from e2e.deploy.cloud.fake_aws.limits import check_cluster, check_sizes
from e2e.deploy.cloud.fake_aws.network import GROUP, SUBNET, TEMPLATE
from e2e.deploy.cloud.values import Values, as_values, section, text

CLUSTER = "aws:eks/cluster:Cluster"
NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
ADDON = "aws:eks/addon:Addon"
ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
REPOSITORY = "aws:ecr/repository:Repository"
LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy"

# Where nothing answers: whoever needs the cluster asks the component for its kubeconfig.
NOWHERE = "https://standin.invalid"


def _cluster(asked: Asked, identity: str, account: Account) -> Values:
    network = section(asked.inputs, "vpcConfig")
    subnets = network.get("subnetIds")
    first = account.find(SUBNET, str(subnets[0])) if isinstance(subnets, list) else None
    return {
        "arn": account.arn("eks", f"cluster/{identity}"),
        "endpoint": NOWHERE,
        "status": "ACTIVE",
        "platformVersion": "eks.5",
        "certificateAuthority": {"data": "c3RhbmQtaW4="},
        "identities": [{"oidcs": [{"issuer": f"https://oidc.eks.standin.invalid/id/{identity}"}]}],
        "vpcConfig": {
            **as_values(network),
            "vpcId": text(first.outputs, "vpcId") if first else "",
            # EKS makes one security group that Pulumi does not manage.
            "clusterSecurityGroupId": new_id("sg"),
        },
    }


def _made_with_cluster(identity: str, outputs: Values) -> dict[str, str]:
    del identity
    network = outputs["vpcConfig"]
    return {str(network["clusterSecurityGroupId"]): GROUP} if isinstance(network, dict) else {}


def _node_group(asked: Asked, identity: str, account: Account) -> Values:
    name = identity.replace(":", "/")
    group = f"eks-{name.rpartition('/')[2]}-{token(8)}"
    return {
        "arn": account.arn("eks", f"nodegroup/{name}/{token(32)}"),
        "status": "ACTIVE",
        "resources": [{"autoscalingGroups": [{"name": group}]}],
        "releaseVersion": f"{text(asked.inputs, 'version')}.3-20261105",
    }


def _addon(asked: Asked, identity: str, account: Account) -> Values:
    del asked
    return {"arn": account.arn("eks", f"addon/{identity.replace(':', '/')}/{token(32)}")}


def _association(asked: Asked, identity: str, account: Account) -> Values:
    cluster = text(asked.inputs, "clusterName")
    return {
        "associationArn": account.arn("eks", f"podidentityassociation/{cluster}/{identity}"),
        "associationId": identity,
    }


def _repository(asked: Asked, identity: str, account: Account) -> Values:
    del asked
    return {
        "arn": account.arn("ecr", f"repository/{identity}"),
        "registryId": ACCOUNT,
        "repositoryUrl": f"{registry_of(account)}/{identity}",
    }


def registry_of(account: Account) -> str:
    return f"{ACCOUNT}.dkr.ecr.{account.region}.amazonaws.com"


KINDS = {
    CLUSTER: Kind(
        identity=named(),
        fixed=frozenset({"name", "roleArn", "kubernetesNetworkConfig", "encryptionConfig"}),
        refers={
            "roleArn": ROLE,
            "vpcConfig.subnetIds": SUBNET,
            "vpcConfig.securityGroupIds": GROUP,
            "encryptionConfig.provider.keyArn": KEY,
        },
        outputs=_cluster,
        names="name",
        longest=100,
        check=check_cluster,
        protect=flagged("deletionProtection", "InvalidRequestException"),
        along=_made_with_cluster,
        inside=frozenset({"vpcConfig"}),
    ),
    NODE_GROUP: Kind(
        identity=joined(":", "clusterName", "nodeGroupName"),
        fixed=frozenset(
            {
                "amiType",
                "capacityType",
                "clusterName",
                "diskSize",
                "instanceTypes",
                "nodeGroupName",
                "nodeRoleArn",
                "subnetIds",
            }
        ),
        refers={
            "clusterName": CLUSTER,
            "nodeRoleArn": ROLE,
            "subnetIds": SUBNET,
            "launchTemplate.id": TEMPLATE,
        },
        outputs=_node_group,
        check=check_sizes,
        names="nodeGroupName",
        longest=63,
    ),
    ADDON: Kind(
        identity=joined(":", "clusterName", "addonName"),
        fixed=frozenset({"addonName", "clusterName"}),
        refers={
            "clusterName": CLUSTER,
            "serviceAccountRoleArn": ROLE,
            "podIdentityAssociations.roleArn": ROLE,
        },
        outputs=_addon,
    ),
    ASSOCIATION: Kind(
        identity=lambda _asked, _account: f"a-{token(17)}",
        fixed=frozenset({"clusterName", "namespace", "serviceAccount"}),
        refers={"clusterName": CLUSTER, "roleArn": ROLE},
        outputs=_association,
    ),
    REPOSITORY: Kind(
        identity=named(),
        fixed=frozenset({"name", "encryptionConfigurations"}),
        outputs=_repository,
        names="name",
        longest=256,
    ),
    LIFECYCLE: Kind(
        identity=named("repository"),
        fixed=frozenset({"repository"}),
        refers={"repository": REPOSITORY},
        outputs=lambda *_: {"registryId": ACCOUNT},
    ),
}
