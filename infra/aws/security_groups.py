"""A security group whose rules are resources of their own: one can change without the others."""

from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws
from pulumi import ResourceOptions

from infra.config.addressing import EVERYWHERE
from infra.naming import Names

EVERY_PROTOCOL = "-1"


class SecurityGroup:
    """A group named and tagged after its component, without any rule at first."""

    id: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        names: Names,
        vpc_id: pulumi.Input[str],
        description: str,
        opts: ResourceOptions,
    ) -> None:
        self._name, self._names, self._opts = name, names, opts
        group = aws.ec2.SecurityGroup(
            f"{name}-group",
            vpc_id=vpc_id,
            description=description,
            tags=names.display(name),
            opts=opts,
        )
        self.id = group.id

    def admit(
        self,
        rule: str,
        *,
        source: IPv4Network | pulumi.Input[str],
        description: str,
        port: int | None = None,
    ) -> pulumi.Resource:
        """Allow traffic from a range or from a group's members: TCP to one port, or all."""
        return aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-{rule}",
            security_group_id=self.id,
            description=description,
            cidr_ipv4=str(source) if isinstance(source, IPv4Network) else None,
            referenced_security_group_id=None if isinstance(source, IPv4Network) else source,
            ip_protocol=EVERY_PROTOCOL if port is None else "tcp",
            from_port=port,
            to_port=port,
            tags=self._names.display(f"{self._name}-{rule}"),
            opts=self._opts,
        )

    def let_out(self, *, description: str) -> pulumi.Resource:
        """Allow all traffic out, because the provider removes AWS's default rule."""
        return aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-to-everywhere",
            security_group_id=self.id,
            description=description,
            cidr_ipv4=str(EVERYWHERE),
            ip_protocol=EVERY_PROTOCOL,
            tags=self._names.display(f"{self._name}-to-everywhere"),
            opts=self._opts,
        )
