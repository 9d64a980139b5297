"""The interface endpoints by which private subnets reach AWS without NAT. Pure."""

from collections.abc import Iterator

from infra.config.observability import DirectReceiver
from infra.config.options import Options
from infra.config.partition import partition_of

# Services whose names begin differently in China (the CDK's list, read 2026-11).
_OF_CHINA = {"autoscaling", "ec2", "ecr.api", "ecr.dkr", "eks", "sts"}


def needed(options: Options) -> tuple[str, ...]:
    """Return the services that nodes and pods of the platform call, besides S3.

    Source: "Deploy private clusters with limited internet access" of the EKS user guide.
    """
    return tuple(_needed(options))


def wanted(options: Options) -> tuple[str, ...]:
    """Return the services of network.endpoints, where true stands for the needed ones."""
    chosen = options.network.endpoints
    if isinstance(chosen, bool):
        return needed(options) if chosen else ()
    return chosen


def service_name(service: str, region: str) -> str:
    """Return AWS's name of an interface endpoint's service."""
    china = region.startswith("cn-") and service in _OF_CHINA
    return f"{'cn.' if china else ''}{partition_of(region).endpoint(region, service)}"


def _needed(options: Options) -> Iterator[str]:
    # Images, the CNI and the EBS driver, credentials of pods, targets of the load balancer.
    yield from ("ecr.api", "ecr.dkr", "ec2", "sts", "eks-auth", "elasticloadbalancing")
    if options.addons.cluster_autoscaler:
        yield from ("autoscaling", "eks")
    observability = options.observability
    publishes = observability.notifications.receiver is DirectReceiver.SNS
    if observability.enabled and observability.metrics.enabled and publishes:
        yield "sns"
