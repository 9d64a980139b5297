"""What a node can be: EC2's instance types, from instance_types.yaml. Pure."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import yaml

from infra.config.addressing import ADDRESSES_PER_PREFIX

TABLE = Path(__file__).with_name("instance_types.yaml")
# EKS's own limits: the kubelet's share of a small machine and of a large one.
MANY_VCPUS, MOST_PODS, MOST_PODS_OF_A_LARGE_NODE = 30, 110, 250
# aws-node and kube-proxy use the node's own address.
PODS_WITHOUT_ADDRESS = 2


class Architecture(StrEnum):
    """As AWS spells it in the names of images."""

    X86_64 = "x86_64"
    ARM64 = "arm64"

    @property
    def ami_type(self) -> str:
        return {"x86_64": "AL2023_x86_64_STANDARD", "arm64": "AL2023_ARM_64_STANDARD"}[self]

    @property
    def platform(self) -> str:
        """Return it as container images spell it."""
        return {"x86_64": "linux/amd64", "arm64": "linux/arm64"}[self]


@dataclass(frozen=True, slots=True)
class InstanceType:
    """A row of the table; a price is US dollars an hour on demand in us-east-1."""

    vcpus: int
    memory_gib: int
    architecture: Architecture
    interfaces: int
    addresses: int
    hourly_usd: float | None

    @property
    def most_pods(self) -> int:
        """Return how many pods the network allows with prefix delegation, within EKS's limit."""
        # An interface's first address is its own; each other one can be a prefix.
        prefixes = self.interfaces * (self.addresses - 1)
        limit = MOST_PODS if self.vcpus < MANY_VCPUS else MOST_PODS_OF_A_LARGE_NODE
        return min(prefixes * ADDRESSES_PER_PREFIX + PODS_WITHOUT_ADDRESS, limit)


@functools.cache
def instance_types() -> Mapping[str, InstanceType]:
    """Read the table, by name."""
    rows = yaml.safe_load(TABLE.read_text())["types"]
    return {
        name: InstanceType(vcpus, memory, Architecture(architecture), *rest)
        for name, (vcpus, memory, architecture, *rest) in rows.items()
    }
