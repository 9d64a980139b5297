"""Checks who reaches the Kubernetes API, who may use it, and how long its logs are kept. Pure."""

from collections.abc import Iterator
from itertools import chain

from infra.config import addressing
from infra.config.findings import Finding, error, warning
from infra.config.options import ClusterOptions
from infra.validation.network import check_retention

CIDRS = "cluster.publicEndpointCidrs"


def validate_cluster(cluster: ClusterOptions) -> Iterator[Finding]:
    """Check the group `cluster`, but for its version."""
    return chain(
        _check_endpoint(cluster),
        _check_ranges(cluster),
        check_retention("cluster.logRetentionDays", cluster.log_retention_days),
        _check_access(cluster),
    )


def _check_endpoint(cluster: ClusterOptions) -> Iterator[Finding]:
    cidrs = cluster.public_endpoint_cidrs
    if cluster.public_endpoint and not cidrs:
        yield error(
            CIDRS,
            "is empty while cluster.publicEndpoint is true",
            "Name the ranges of those who deploy, or set cluster.publicEndpoint to false",
        )
    if cidrs and not cluster.public_endpoint:
        yield error(
            CIDRS,
            f"names {len(cidrs)} ranges while cluster.publicEndpoint is false",
            "Remove them, or set cluster.publicEndpoint to true",
        )
    if not cluster.public_endpoint:
        yield warning(
            "cluster.publicEndpoint",
            "is false: Pulumi reaches the Kubernetes API only from inside the VPC",
            "Run `pulumi up` and `helm` on a machine in the VPC, or over a VPN",
        )


def _check_ranges(cluster: ClusterOptions) -> Iterator[Finding]:
    cidrs = cluster.public_endpoint_cidrs
    if addressing.is_everywhere(cidrs):
        yield error(
            CIDRS,
            f"{', '.join(map(str, cidrs))} opens the Kubernetes API to the internet",
            "Name the ranges of those who deploy",
        )
    for cidr in cidrs:
        # "The block cannot include reserved addresses" (EKS user guide, config-cluster-endpoint).
        if any(cidr.subnet_of(block) for block in addressing.PRIVATE):
            yield error(
                CIDRS,
                f"{cidr} has private addresses, which EKS refuses: nobody comes from there over the"
                " internet",
                "Name public addresses, as `curl https://checkip.amazonaws.com` shows them",
            )
        if any(cidr.subnet_of(example) for example in addressing.DOCUMENTATION):
            yield warning(
                CIDRS,
                f"{cidr} is reserved for documentation: nobody reaches the Kubernetes API from it",
                "Name the ranges of those who deploy before `pulumi up`",
            )


def _check_access(cluster: ClusterOptions) -> Iterator[Finding]:
    names: dict[str, str] = {}
    for name, entry in cluster.access_entries.items():
        if (other := names.setdefault(entry.principal_arn, name)) != name:
            yield error(
                f"cluster.accessEntries.{name}.principalArn",
                f"{entry.principal_arn} has the entry {other} already, and EKS takes one for each",
                "Name each principal once",
            )
