"""Add-ons that EKS manages and that need nodes: for AWS credentials, DNS, volumes and node repair.

The CNI and kube-proxy come with the cluster (infra/aws/cluster.py), before the first node.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import ResourceOptions

from infra import versions
from infra.aws import iam
from infra.aws.roles import Roles
from infra.aws.workload_identity import WorkloadIdentity, WorkloadIdentityArgs
from infra.naming import SYSTEM_NAMESPACE, Names

EBS_CSI_SERVICE_ACCOUNT = "ebs-csi-controller-sa"
# EKS installs its own CoreDNS with the cluster. The add-on takes it over with our version.
OVERWRITE = "OVERWRITE"


def storage_identity(
    roles: Roles, cluster_name: pulumi.Input[str], key: str | None, opts: ResourceOptions
) -> WorkloadIdentity:
    """Create the role of the EBS CSI driver, whose add-on makes the association.

    `key` encrypts volumes in place of AWS's own.
    """
    args = WorkloadIdentityArgs(
        roles=roles,
        cluster_name=cluster_name,
        namespace=SYSTEM_NAMESPACE,
        service_account=EBS_CSI_SERVICE_ACCOUNT,
        managed_policy=iam.EBS_CSI_DRIVER_POLICY,
        policy=iam.volume_encryption(key) if key else None,
        associate=False,
    )
    return WorkloadIdentity("ebs-csi", args, opts)


@dataclass(frozen=True, kw_only=True)
class ManagedAddonsArgs:
    names: Names
    cluster_name: pulumi.Input[str]
    cluster_version: str
    ebs_csi_role_arn: pulumi.Input[str]
    # Of the volumes and snapshots that pods claim: AWS keeps some of them after a destroy.
    volume_tags: Mapping[str, str]
    # The nodes that run the add-ons, and the role's permissions.
    after: Sequence[pulumi.Resource]


class ManagedAddons(pulumi.ComponentResource):
    """Add-ons for DNS, volumes, AWS credentials of pods, and the health of nodes."""

    # Workloads that resolve names or call AWS wait for these.
    ready: list[pulumi.Resource]
    # Volumes wait for this one.
    storage: pulumi.Resource

    def __init__(
        self, name: str, args: ManagedAddonsArgs, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("platform:managed_addons:ManagedAddons", name, None, opts)
        self._name, self._args = name, args

        agent = self._create(
            "pod-identity", "eks-pod-identity-agent", versions.POD_IDENTITY_AGENT, args.after
        )
        coredns = self._create(
            "coredns", "coredns", versions.KUBERNETES[args.cluster_version].coredns, args.after
        )
        self.storage = self._create(
            "ebs-csi",
            "aws-ebs-csi-driver",
            versions.EBS_CSI_DRIVER,
            [*args.after, agent, coredns],
            aws.eks.AddonPodIdentityAssociationArgs(
                role_arn=args.ebs_csi_role_arn, service_account=EBS_CSI_SERVICE_ACCOUNT
            ),
            {"controller": {"extraVolumeTags": dict(args.volume_tags)}},
        )
        # Node repair itself sees only whether a node is Ready; the agent reports why it is not.
        self._create(
            "node-monitoring",
            "eks-node-monitoring-agent",
            versions.NODE_MONITORING_AGENT,
            args.after,
        )
        self.ready = [agent, coredns]
        self.register_outputs({})

    def _create(
        self,
        role: str,
        addon: str,
        version: str,
        depends_on: Sequence[pulumi.Resource],
        identity: aws.eks.AddonPodIdentityAssociationArgs | None = None,
        configuration: Mapping[str, object] | None = None,
    ) -> aws.eks.Addon:
        return aws.eks.Addon(
            f"{self._name}-{role}",
            cluster_name=self._args.cluster_name,
            addon_name=addon,
            addon_version=version,
            resolve_conflicts_on_create=OVERWRITE,
            resolve_conflicts_on_update=OVERWRITE,
            pod_identity_associations=[identity] if identity else None,
            configuration_values=json.dumps(configuration) if configuration else None,
            tags=self._args.names.display(addon),
            opts=ResourceOptions(parent=self, depends_on=list(depends_on)),
        )
