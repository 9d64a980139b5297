"""The Kubernetes control plane: EKS through pulumi_eks, with its role, key and log group.

`pulumi_eks.Cluster` is a remote component: its outputs resolve only when all its children exist, so
no child may need nodes (CoreDNS does). It includes kube-proxy and the CNI with prefix delegation,
which must exist before the first node computes how many pods it may run.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_eks as eks
from pulumi import ResourceOptions

from infra import versions
from infra.aws import iam
from infra.aws.account import existing_log_group
from infra.aws.roles import Roles
from infra.config.options import AccessEntry, AccessLevel, ClusterOptions, LogClass
from infra.config.partition import Partition
from infra.naming import Names

ACCESS_POLICIES = {
    AccessLevel.ADMIN: "AmazonEKSClusterAdminPolicy",
    AccessLevel.EDIT: "AmazonEKSEditPolicy",
    AccessLevel.VIEW: "AmazonEKSViewPolicy",
}
CONTROL_PLANE = "aws:eks/cluster:Cluster"
# A deleted key can be restored for this long; without it, encrypted Secrets are lost.
KEY_DELETION_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    names: Names
    roles: Roles
    # Asks AWS for the log group of an earlier cluster of this name.
    provider: aws.Provider
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    options: ClusterOptions
    # EKS runs the configured version or a newer one: nothing may change it.
    keep_version: bool
    deletion_protection: bool


class Cluster(pulumi.ComponentResource):
    """A control plane in private subnets; access by entries only, Secrets encrypted by a key."""

    # These resolve when the cluster, its CNI and kube-proxy exist.
    name: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]
    # The group that EKS creates for control plane and nodes.
    security_group_id: pulumi.Output[str]

    def __init__(self, name: str, args: ClusterArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("platform:cluster:Cluster", name, None, opts)
        self._name, self._args, self._child = name, args, ResourceOptions(parent=self)

        key = self._create_key()
        role, permissions = self._create_role(key)
        log_group = self._create_log_group()
        cluster = self._create_cluster(role, key, [*permissions, log_group])

        self.name = cluster.eks_cluster.name
        # Not a secret: it contains no credentials, only the command that gets them from AWS.
        self.kubeconfig = cluster.kubeconfig_json
        self.security_group_id = cluster.cluster_security_group_id
        self.register_outputs({"name": self.name})

    def _create_key(self) -> aws.kms.Key:
        return aws.kms.Key(
            f"{self._name}-secrets-key",
            description=f"Kubernetes Secrets of {self._args.names.cluster}",
            enable_key_rotation=True,
            deletion_window_in_days=KEY_DELETION_DAYS,
            tags=self._args.names.display("kubernetes-secrets"),
            opts=ResourceOptions(parent=self, protect=self._args.deletion_protection),
        )

    def _create_role(self, key: aws.kms.Key) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
        roles = self._args.roles
        role = roles.create(
            f"{self._name}-role",
            trust=iam.service_trust(roles.partition.service("eks"), tag_session=True),
            display="control-plane",
            opts=self._child,
        )
        managed = roles.attach(
            f"{self._name}-role-policy", role, iam.EKS_CLUSTER_POLICY, self._child
        )
        encryption = aws.iam.RolePolicy(
            f"{self._name}-role-encryption",
            role=role.name,
            policy=key.arn.apply(iam.secret_encryption),
            opts=self._child,
        )
        return role, [managed, encryption]

    def _create_log_group(self) -> aws.cloudwatch.LogGroup:
        """Log group, created first because EKS would create it without retention.

        EKS also creates it again after a destroy, when it delivers the last lines
        (terraform-aws-eks#920). The next `pulumi up` takes that one over. The option does nothing
        to a group that is in the state.
        """
        name = self._args.names.control_plane_log_group
        return aws.cloudwatch.LogGroup(
            f"{self._name}-logs",
            name=name,
            retention_in_days=self._args.options.log_retention_days,
            # Without an input, an older stack's group stays as it is.
            log_group_class=(
                None if self._args.options.log_class is LogClass.STANDARD else "INFREQUENT_ACCESS"
            ),
            tags=self._args.names.display("control-plane-logs"),
            opts=ResourceOptions(
                parent=self,
                import_=existing_log_group(name, self._args.options.log_class, self._args.provider),
            ),
        )

    def _create_cluster(
        self, role: aws.iam.Role, key: aws.kms.Key, depends_on: list[pulumi.Resource]
    ) -> eks.Cluster:
        options = self._args.options
        release = versions.KUBERNETES[options.version]
        return eks.Cluster(
            f"{self._name}-eks",
            name=self._args.names.cluster,
            version=options.version,
            upgrade_policy=aws.eks.ClusterUpgradePolicyArgs(
                support_type="EXTENDED" if options.extended_support else "STANDARD"
            ),
            service_role=role,
            encryption_config_key_arn=key.arn,
            enabled_cluster_log_types=[str(kind) for kind in self._args.options.log_types],
            deletion_protection=self._args.deletion_protection,
            vpc_id=self._args.vpc_id,
            private_subnet_ids=self._args.subnet_ids,
            endpoint_private_access=True,
            endpoint_public_access=options.public_endpoint,
            public_access_cidrs=[str(cidr) for cidr in options.public_endpoint_cidrs] or None,
            authentication_mode=eks.AuthenticationMode.API,
            access_entries={
                name: _access_entry(entry, self._args.roles.partition)
                for name, entry in options.access_entries.items()
            },
            # infra/aws/nodes.py creates the nodes and their security group. The component's own
            # would be unused, and its outputs would name them instead of the group that EKS
            # creates.
            skip_default_node_group=True,
            skip_default_security_groups=True,
            node_associate_public_ip_address=False,
            create_oidc_provider=False,
            vpc_cni_options=eks.VpcCniOptionsArgs(
                addon_version=versions.VPC_CNI,
                enable_prefix_delegation=True,
                warm_prefix_target=1,
                enable_network_policy=True,
                log_level="INFO",
            ),
            kube_proxy_addon_options=eks.KubeProxyAddonOptionsArgs(
                enabled=True, version=release.kube_proxy
            ),
            coredns_addon_options=eks.CoreDnsAddonOptionsArgs(enabled=False),
            tags=self._args.names.display("cluster"),
            opts=ResourceOptions(
                parent=self,
                depends_on=depends_on,
                transforms=[_keep_version] if self._args.keep_version else None,
            ),
        )


def _keep_version(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    """Reach the cluster inside the component, to which the component's own options do not go."""
    if args.type_ != CONTROL_PLANE:
        return None
    kept = ResourceOptions(ignore_changes=["version"])
    return pulumi.ResourceTransformResult(args.props, ResourceOptions.merge(args.opts, kept))


def _access_entry(entry: AccessEntry, partition: Partition) -> eks.AccessEntryArgs:
    scope = aws.eks.AccessPolicyAssociationAccessScopeArgs(
        type="namespace" if entry.namespaces else "cluster",
        namespaces=list(entry.namespaces) or None,
    )
    policy = partition.arn("eks", f"cluster-access-policy/{ACCESS_POLICIES[entry.access]}")
    return eks.AccessEntryArgs(
        principal_arn=entry.principal_arn,
        access_policies={
            entry.access: eks.AccessPolicyAssociationArgs(policy_arn=policy, access_scope=scope)
        },
    )
