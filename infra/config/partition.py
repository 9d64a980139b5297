"""The partition of AWS that a region belongs to: it decides ARNs and host names. Pure.

AWS is not asked, because a plan without an account needs the answer, and a partition is a prefix of
the region's name. Source: partitions.json of botocore 1.44, read 2026-11.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Partition:
    """`name` is the second part of an ARN; hosts of AWS end with `dns_suffix`."""

    name: str
    dns_suffix: str

    def arn(self, service: str, resource: str, *, account: str = "aws") -> str:
        """Return the ARN of what has no region; `account` "aws" owns what AWS provides."""
        return f"arn:{self.name}:{service}::{account}:{resource}"

    def endpoint(self, region: str, service: str) -> str:
        """Return the name of the endpoint that a VPC reaches a service of the region by."""
        return f"{'eu' if self.name == 'aws-eusc' else 'com'}.amazonaws.{region}.{service}"

    def service(self, name: str) -> str:
        """Return the principal of a service in a trust policy.

        It is the same everywhere but for some services in China (terraform-provider-aws#46209).
        """
        suffix = self.dns_suffix if (self.name, name) in _OWN_PRINCIPALS else "amazonaws.com"
        return f"{name}.{suffix}"


_OWN_PRINCIPALS = {("aws-cn", "ec2"), ("aws-cn", "s3")}
STANDARD = Partition("aws", "amazonaws.com")
_BY_PREFIX = {
    "cn-": Partition("aws-cn", "amazonaws.com.cn"),
    "us-gov-": Partition("aws-us-gov", "amazonaws.com"),
    "eusc-": Partition("aws-eusc", "amazonaws.eu"),
    "us-iso-": Partition("aws-iso", "c2s.ic.gov"),
    "us-isob-": Partition("aws-iso-b", "sc2s.sgov.gov"),
    "eu-isoe-": Partition("aws-iso-e", "cloud.adc-e.uk"),
    "us-isof-": Partition("aws-iso-f", "csp.hci.ic.gov"),
}

# Accounts with the images of EKS, where public.ecr.aws cannot be reached
# (docs.aws.amazon.com/eks/latest/userguide/add-ons-images.html, read 2026-11).
_EKS_ACCOUNTS = {"cn-north-1": "918309763551", "cn-northwest-1": "961992271922"}


def eks_registry(region: str) -> str | None:
    """Return the host of EKS's own registry where charts must use it; None elsewhere."""
    account = _EKS_ACCOUNTS.get(region)
    return account and f"{account}.dkr.ecr.{region}.{partition_of(region).dns_suffix}"


def partition_of(region: str) -> Partition:
    """Return the partition of a region such as us-gov-west-1."""
    found = (known for prefix, known in _BY_PREFIX.items() if region.startswith(prefix))
    return next(found, STANDARD)
