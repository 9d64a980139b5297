"""Asks AWS how many nodes the autoscaler has chosen, so that `pulumi up` keeps them.

EKS refuses a desired size outside the limits, and the provider sends one with every change of
them. A fixed one would drain nodes under load, and an ignored one is the size of the first day
(terraform-aws-eks#2508, #3521).
"""

import re
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from infra.config.options import NodeGroupOptions

# As Pulumi names a resource, and EKS the auto scaling group of a node group.
_GROUP = "eks-{}-[0-9a-f]{{7}}-"


def ask_aws(
    cluster: str, resources: Mapping[str, str], provider: aws.Provider
) -> Mapping[str, int] | None:
    """Return the running size of each node group that exists; None if AWS did not answer.

    `resources` gives the Pulumi name of each group.
    """
    opts = pulumi.InvokeOptions(provider=provider)
    of_cluster = aws.autoscaling.GetAmiIdsFilterArgs(name="tag:eks:cluster-name", values=[cluster])
    try:
        # The SDK's name is a mistake: it lists auto scaling groups.
        names = aws.autoscaling.get_ami_ids(filters=[of_cluster], opts=opts).names
        return {
            group: aws.autoscaling.get_group(name=name, opts=opts).desired_capacity
            for group, resource in resources.items()
            for name in names
            if re.match(_GROUP.format(re.escape(resource)), name)
        }
    except Exception as error:  # noqa: BLE001  the SDK raises nothing more precise
        pulumi.log.warn(f"AWS did not answer, so the sizes of node groups stay: {error}")
        return None


def inside(options: NodeGroupOptions, running: int | None) -> int:
    """Keep what runs inside the limits; a new group begins with its smallest size."""
    return options.min if running is None else min(max(running, options.min), options.max)
