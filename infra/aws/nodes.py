"""The worker nodes: their role, security group, launch templates and managed node groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import ResourceOptions

from infra.aws import group_sizes, iam
from infra.aws.roles import Roles
from infra.aws.security_groups import SecurityGroup
from infra.aws.user_data import user_data
from infra.config import capacity
from infra.config.options import Capacity, NodeGroupOptions, NodeOptions
from infra.naming import SERVICE_PORT, Names

AMI_TYPE = "AL2023_x86_64_STANDARD"
CAPACITY_TYPES = {Capacity.ON_DEMAND: "ON_DEMAND", Capacity.SPOT: "SPOT"}
SPOT_TAINT = "capacity"
KUBERNETES_API_PORT = 443


@dataclass(frozen=True, kw_only=True)
class NodesArgs:
    names: Names
    roles: Roles
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    cluster_name: pulumi.Input[str]
    cluster_version: str
    cluster_security_group_id: pulumi.Input[str]
    load_balancer_security_group_id: pulumi.Input[str]
    options: NodeOptions
    tags: Mapping[str, str]
    # Asks AWS for the sizes of groups that exist.
    provider: aws.Provider
    # Routes to the internet: without them, a booting node cannot join and a drained one cannot
    # deregister.
    egress: Sequence[pulumi.Resource]


class Nodes(pulumi.ComponentResource):
    """Managed node groups over the private subnets, with a security group beside EKS's own."""

    security_group_id: pulumi.Output[str]
    # Pods wait for these: the groups, and the rules that allow traffic to pods.
    ready: list[pulumi.Resource]

    def __init__(self, name: str, args: NodesArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("platform:nodes:Nodes", name, None, opts)
        self._name, self._args, self._child = name, args, ResourceOptions(parent=self)

        role, permissions = self._create_role()
        group = self._create_security_group()
        rules = self._create_rules(group)
        self._running = group_sizes.ask_aws(
            args.names.cluster,
            {group_name: f"{name}-{group_name}" for group_name in args.options.groups},
            args.provider,
        )
        node_groups = [
            self._create_node_group(group_name, options, role, group, [*permissions, *rules])
            for group_name, options in args.options.groups.items()
        ]

        self.security_group_id = group.id
        self.ready = [*node_groups, *rules]
        self.register_outputs({"securityGroupId": self.security_group_id})

    def _create_role(self) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
        roles = self._args.roles
        role = roles.create(
            f"{self._name}-role",
            trust=iam.service_trust(roles.partition.service("ec2")),
            display="node",
            opts=self._child,
        )
        attachments: list[pulumi.Resource] = [
            roles.attach(f"{self._name}-role-{purpose}", role, policy, self._child)
            for purpose, policy in iam.NODE_POLICIES.items()
        ]
        return role, attachments

    def _create_security_group(self) -> SecurityGroup:
        """Create a group without the cluster's tag: nodes must not have two tagged groups."""
        return SecurityGroup(
            self._name,
            names=self._args.names,
            vpc_id=self._args.vpc_id,
            description="Worker nodes and their pods",
            opts=self._child,
        )

    def _create_rules(self, group: SecurityGroup) -> list[pulumi.Resource]:
        return [
            group.admit(
                "from-load-balancer",
                source=self._args.load_balancer_security_group_id,
                port=SERVICE_PORT,
                description="Requests to the pods of the backend",
            ),
            group.admit(
                "from-nodes", source=group.id, description="Everything between nodes and pods"
            ),
            group.admit(
                "from-control-plane",
                source=self._args.cluster_security_group_id,
                port=KUBERNETES_API_PORT,
                description="Control plane to extension APIs on nodes",
            ),
            group.let_out(description="Images, AWS APIs and alert receivers"),
        ]

    def _create_node_group(
        self,
        group_name: str,
        options: NodeGroupOptions,
        role: aws.iam.Role,
        security_group: SecurityGroup,
        depends_on: Sequence[pulumi.Resource],
    ) -> aws.eks.NodeGroup:
        template = self._create_launch_template(group_name, options, security_group)
        desired = group_sizes.inside(options, (self._running or {}).get(group_name))
        return aws.eks.NodeGroup(
            f"{self._name}-{group_name}",
            cluster_name=self._args.cluster_name,
            node_role_arn=role.arn,
            subnet_ids=self._args.subnet_ids,
            ami_type=AMI_TYPE,
            version=self._args.cluster_version,
            capacity_type=CAPACITY_TYPES[options.capacity],
            instance_types=list(options.instance_types),
            scaling_config=aws.eks.NodeGroupScalingConfigArgs(
                min_size=options.min, desired_size=desired, max_size=options.max
            ),
            update_config=aws.eks.NodeGroupUpdateConfigArgs(max_unavailable=1),
            node_repair_config=aws.eks.NodeGroupNodeRepairConfigArgs(enabled=True),
            launch_template=aws.eks.NodeGroupLaunchTemplateArgs(
                id=template.id, version=template.latest_version.apply(str)
            ),
            labels={SPOT_TAINT: options.capacity.value},
            taints=_taints(options.capacity),
            tags=self._args.names.display(f"nodes-{group_name}"),
            opts=ResourceOptions(
                parent=self,
                depends_on=[*depends_on, *self._args.egress],
                # The autoscaler changes it, and `pulumi up` must not change it back.
                ignore_changes=["scalingConfig.desiredSize"] if self._running is None else None,
            ),
        )

    def _create_launch_template(
        self, group_name: str, options: NodeGroupOptions, security_group: SecurityGroup
    ) -> aws.ec2.LaunchTemplate:
        tags = {**self._args.tags, **self._args.names.display(f"node-{group_name}")}
        return aws.ec2.LaunchTemplate(
            f"{self._name}-{group_name}-template",
            update_default_version=True,
            # If any group is set here, EKS does not add its own, so both are set.
            vpc_security_group_ids=[self._args.cluster_security_group_id, security_group.id],
            metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
                http_endpoint="enabled",
                http_tokens="required",
                # With one hop, no pod can use the node's credentials.
                http_put_response_hop_limit=1,
            ),
            block_device_mappings=[
                aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
                    device_name="/dev/xvda",
                    ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                        volume_type="gp3",
                        volume_size=self._args.options.disk_gb,
                        encrypted="true",
                        delete_on_termination="true",
                    ),
                )
            ],
            # The node group creates instances and volumes, so the provider's tags do not reach
            # them.
            tag_specifications=[
                aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=tags)
                for kind in ("instance", "volume", "network-interface")
            ],
            user_data=user_data(
                pods=self._args.options.pods_per_node,
                vcpus=max(capacity.INSTANCE_TYPES[kind].vcpus for kind in options.instance_types),
            ),
            tags=self._args.names.display(f"nodes-{group_name}"),
            opts=self._child,
        )


def _taints(capacity_kind: Capacity) -> list[aws.eks.NodeGroupTaintArgs] | None:
    """Prefer on-demand nodes for system pods, while they have capacity."""
    if capacity_kind is Capacity.ON_DEMAND:
        return None
    return [
        aws.eks.NodeGroupTaintArgs(
            key=SPOT_TAINT, value=capacity_kind.value, effect="PREFER_NO_SCHEDULE"
        )
    ]
