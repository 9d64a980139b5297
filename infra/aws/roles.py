"""Creates every IAM role: in one partition, below one path and one permissions boundary."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi import ResourceOptions

from infra.config.partition import Partition
from infra.naming import Names


@dataclass(frozen=True, kw_only=True)
class Roles:
    """What all roles of a stack have in common."""

    names: Names
    partition: Partition
    path: str
    # The ARN of a policy that limits what the roles may do, whatever their own policies allow.
    boundary: str | None

    def create(
        self, name: str, *, trust: pulumi.Input[str], display: str, opts: ResourceOptions
    ) -> aws.iam.Role:
        """Create a role; `display` is the end of its Name tag."""
        return aws.iam.Role(
            name,
            assume_role_policy=trust,
            # The default is no input, so that the plan of a stack without a path stays the same.
            path=None if self.path == "/" else self.path,
            permissions_boundary=self.boundary,
            tags=self.names.display(display),
            opts=opts,
        )

    def attach(
        self, name: str, role: aws.iam.Role, policy: str, opts: ResourceOptions
    ) -> aws.iam.RolePolicyAttachment:
        """Attach a policy of AWS, named as in `service-role/AmazonX`."""
        return aws.iam.RolePolicyAttachment(
            name,
            role=role.name,
            policy_arn=self.partition.arn("iam", f"policy/{policy}"),
            opts=opts,
        )
