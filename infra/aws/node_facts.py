"""Asks AWS about nodes: the groups that run, the newest machine image, the default key of volumes.

Without an answer, nothing that runs is changed: a warning says so.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.aws.answers import answer
from infra.config.instance_types import Architecture
from infra.config.nodes import NodeGroupOptions
from infra.validation.nodes import missing_grant

# As Pulumi names a resource, and EKS the auto scaling group of a node group.
_GROUP = "eks-({}-[0-9a-f]{{7}})-"
_NEWEST = (
    "/aws/service/eks/optimized-ami/{}/amazon-linux-2023/{}/standard/recommended/release_version"
)
# AWS's own key, which auto scaling may use.
_AWS_KEY = "alias/aws/ebs"


@dataclass(frozen=True, slots=True)
class Running:
    """A node group that exists."""

    size: int
    # Empty if the launch template names the type.
    instance_types: tuple[str, ...]
    release: str


def running_groups(
    cluster: str, resources: Mapping[str, str], provider: aws.Provider
) -> Mapping[str, Running] | None:
    """Return each node group that exists; None if AWS did not answer.

    `resources` gives the Pulumi name of each group. EKS refuses a desired size outside the limits,
    and the provider sends one with every change of them. A fixed one would drain nodes under load,
    and an ignored one is the size of the first day (terraform-aws-eks#2508, #3521).
    """
    opts = pulumi.InvokeOptions(provider=provider)
    of_cluster = aws.autoscaling.GetAmiIdsFilterArgs(name="tag:eks:cluster-name", values=[cluster])

    def ask() -> Mapping[str, Running]:
        # The SDK's name is a mistake: it lists auto scaling groups.
        names = aws.autoscaling.get_ami_ids(filters=[of_cluster], opts=opts).names
        return {
            group: _running(cluster, found[1], opts)
            for group, resource in resources.items()
            for name in names
            if (found := re.match(_GROUP.format(re.escape(resource)), name))
        }

    return answer(ask, "sizes and types of node groups stay")


def _running(cluster: str, name: str, opts: pulumi.InvokeOptions) -> Running:
    group = aws.eks.get_node_group(cluster_name=cluster, node_group_name=name, opts=opts)
    return Running(
        size=group.scaling_configs[0].desired_size,
        instance_types=tuple(group.instance_types),
        release=group.release_version,
    )


def newest_releases(
    kubernetes: str, architectures: Iterable[Architecture], provider: aws.Provider
) -> Mapping[Architecture, str]:
    """Return the newest AMI release of a Kubernetes minor; nothing if AWS did not answer."""
    opts = pulumi.InvokeOptions(provider=provider)

    def ask() -> Mapping[Architecture, str]:
        return {
            architecture: aws.ssm.get_parameter(
                name=_NEWEST.format(kubernetes, architecture), opts=opts
            ).insecure_value
            for architecture in architectures
        }

    return answer(ask, "node images stay") or {}


def check_offers(
    groups: Mapping[str, NodeGroupOptions],
    zones: Sequence[str],
    running: Mapping[str, Running],
    provider: aws.Provider,
) -> None:
    """Stop on a new group without any type in one of its zones: EKS fails late (eksctl#6461)."""
    types = sorted({name for group in groups.values() for name in group.instance_types})
    wanted = aws.ec2.GetInstanceTypeOfferingsFilterArgs(name="instance-type", values=types)
    opts = pulumi.InvokeOptions(provider=provider)
    found = answer(
        lambda: aws.ec2.get_instance_type_offerings(
            location_type="availability-zone", filters=[wanted], opts=opts
        ),
        "no instance type is checked",
    )
    # `make plan` asks nobody.
    if found is None or found.instance_types is None:
        return
    offers = set(zip(found.instance_types, found.locations, strict=True))
    for name, group in groups.items():
        for zone in group.zones or zones:
            if any((kind, zone) in offers for kind in group.instance_types):
                continue
            text = (
                f"nodes.groups.{name}.instanceTypes: EC2 has no"
                f" {' or '.join(group.instance_types)} in {zone}. Choose another type, or other"
                f" nodes.groups.{name}.zones."
            )
            if name not in running:
                raise pulumi.RunError(text)
            pulumi.log.warn(text)


def default_key(provider: aws.Provider) -> str | None:
    """Return the account's default key for EBS; None if AWS did not answer."""
    opts = pulumi.InvokeOptions(provider=provider)
    return answer(lambda: aws.ebs.get_default_kms_key(opts=opts).key_arn, "no key is checked")


def warn_of_default_key(provider: aws.Provider) -> None:
    """Warn if the account encrypts volumes with a key that auto scaling may not use by itself."""
    key = default_key(provider)
    # Of an alias, nobody knows whose key it is.
    if key and key.startswith("arn:") and not key.endswith(_AWS_KEY):
        finding = missing_grant("nodes.kmsKey", key)
        pulumi.log.warn(
            f"{finding} The key is the account's default for EBS. Name it in nodes.kmsKey, so that"
            " the driver may use it for the volumes of pods."
        )


def size_inside(options: NodeGroupOptions, running: Running | None) -> int:
    """Keep what runs inside the limits; a new group begins with its smallest size."""
    return min(max(running.size, options.min), options.max) if running else options.min


def later_release(wanted: str | None, running: Running | None) -> str | None:
    """Keep what runs where an older release is wanted: EKS has no way back to one."""
    if wanted is None or running is None:
        return wanted
    return max(wanted, running.release, key=_order)


def _order(release: str) -> list[int]:
    """Read 1.35.3-20260724 as numbers."""
    return [int(digits) for digits in re.findall(r"\d+", release)]
