"""The worker nodes: their role, security group, launch templates and managed node groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import ResourceOptions

from infra.aws import iam, node_facts
from infra.aws.roles import Roles
from infra.aws.security_groups import SecurityGroup
from infra.aws.user_data import user_data
from infra.config.nodes import LATEST, Capacity, NodeGroupOptions, NodeOptions, Taint, TaintEffect
from infra.naming import SERVICE_PORT, Names
from infra.validation.nodes import CAPACITY_KEY

KUBERNETES_API_PORT = 443


@dataclass(frozen=True, kw_only=True)
class NodesArgs:
    names: Names
    roles: Roles
    vpc_id: pulumi.Input[str]
    # In the order of the zones.
    subnet_ids: Sequence[pulumi.Input[str]]
    zones: Sequence[str]
    cluster_name: pulumi.Input[str]
    cluster_version: str
    cluster_security_group_id: pulumi.Input[str]
    load_balancer_security_group_id: pulumi.Input[str]
    options: NodeOptions
    tags: Mapping[str, str]
    # Asks AWS for the groups that exist, and the newest image.
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
        self._running = node_facts.running_groups(
            args.names.cluster,
            {group_name: f"{name}-{group_name}" for group_name in args.options.groups},
            args.provider,
        )
        if self._running is not None:
            node_facts.check_offers(args.options.groups, args.zones, self._running, args.provider)
        self._newest = (
            node_facts.newest_releases(
                args.cluster_version, args.options.architectures, args.provider
            )
            if args.options.release == LATEST
            else {}
        )
        if args.options.kms_key is None:
            node_facts.warn_of_default_key(args.provider)
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
        running = (self._running or {}).get(group_name)
        held = running.instance_types if running else ()
        # A template names one type, and a change of it rolls the nodes; a change in the group
        # replaces the group. EKS refuses to move the type of an existing group.
        in_group = len(options.instance_types) > 1 or held == options.instance_types
        template = self._create_launch_template(
            group_name, options, security_group, names_type=not in_group
        )
        release = self._newest.get(options.architecture, self._pinned)
        return aws.eks.NodeGroup(
            f"{self._name}-{group_name}",
            cluster_name=self._args.cluster_name,
            node_role_arn=role.arn,
            subnet_ids=self._subnets(options),
            ami_type=options.architecture.ami_type,
            version=self._args.cluster_version,
            release_version=node_facts.later_release(release, running),
            capacity_type=options.capacity.name,
            instance_types=list(options.instance_types) if in_group else None,
            scaling_config=aws.eks.NodeGroupScalingConfigArgs(
                min_size=options.min,
                desired_size=node_facts.size_inside(options, running),
                max_size=options.max,
            ),
            update_config=aws.eks.NodeGroupUpdateConfigArgs(max_unavailable=1),
            # A disruption budget ends an update; the nodes that are left keep running.
            force_update_version=False,
            node_repair_config=aws.eks.NodeGroupNodeRepairConfigArgs(enabled=True),
            launch_template=aws.eks.NodeGroupLaunchTemplateArgs(
                id=template.id, version=template.latest_version.apply(str)
            ),
            labels={**options.labels, CAPACITY_KEY: options.capacity.value},
            taints=_taints(options),
            tags=self._args.names.display(f"nodes-{group_name}"),
            opts=ResourceOptions(
                parent=self,
                depends_on=[*depends_on, *self._args.egress],
                # Not known without AWS's answer, so whatever runs stays.
                ignore_changes=(
                    ["scalingConfig.desiredSize", "instanceTypes"]
                    if self._running is None
                    else None
                ),
                # The provider would update the group, which EKS refuses.
                replace_on_changes=["launchTemplate"] if held and not in_group else None,
            ),
        )

    @property
    def _pinned(self) -> str | None:
        release = self._args.options.release
        return None if release == LATEST else release

    def _subnets(self, options: NodeGroupOptions) -> list[pulumi.Input[str]]:
        by_zone = zip(self._args.zones, self._args.subnet_ids, strict=True)
        return [subnet for zone, subnet in by_zone if zone in (options.zones or self._args.zones)]

    def _create_launch_template(
        self,
        group_name: str,
        options: NodeGroupOptions,
        security_group: SecurityGroup,
        *,
        names_type: bool,
    ) -> aws.ec2.LaunchTemplate:
        tags = {**self._args.tags, **self._args.names.display(f"node-{group_name}")}
        return aws.ec2.LaunchTemplate(
            f"{self._name}-{group_name}-template",
            update_default_version=True,
            instance_type=options.instance_types[0] if names_type else None,
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
                        volume_size=options.disk_gb or self._args.options.disk_gb,
                        encrypted="true",
                        kms_key_id=self._args.options.kms_key,
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
                vcpus=max(kind.vcpus for kind in options.types),
            ),
            tags=self._args.names.display(f"nodes-{group_name}"),
            opts=ResourceOptions(
                parent=self, ignore_changes=["instanceType"] if self._running is None else None
            ),
        )


def _taints(options: NodeGroupOptions) -> list[aws.eks.NodeGroupTaintArgs] | None:
    """Prefer on-demand nodes for system pods, while they have capacity."""
    taints = list(options.taints)
    if options.capacity is Capacity.SPOT:
        taints.insert(
            0,
            Taint(
                key=CAPACITY_KEY,
                value=options.capacity.value,
                effect=TaintEffect.PREFER_NO_SCHEDULE,
            ),
        )
    return [
        aws.eks.NodeGroupTaintArgs(key=t.key, value=t.value, effect=t.effect.name) for t in taints
    ] or None
