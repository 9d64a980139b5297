"""The capacity of instance types. Pure arithmetic over a table.

Sizes are AWS's published ones (aws.amazon.com/ec2/instance-types).
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    vcpus: int
    memory_gib: int


# x86 only: the backend's image and the AL2023 machine image of the node groups are x86_64.
INSTANCE_TYPES: Mapping[str, Size] = {
    "t3.medium": Size(2, 4),
    "t3.large": Size(2, 8),
    "t3.xlarge": Size(4, 16),
    "t3a.medium": Size(2, 4),
    "t3a.large": Size(2, 8),
    "t3a.xlarge": Size(4, 16),
    "m6i.large": Size(2, 8),
    "m6i.xlarge": Size(4, 16),
    "m7i.large": Size(2, 8),
    "m7i.xlarge": Size(4, 16),
    "m7i-flex.large": Size(2, 8),
    "m7i-flex.xlarge": Size(4, 16),
}


def kube_reserved(*, pods: int, vcpus: int) -> dict[str, str]:
    """Compute the kubelet's reserve by the formula of Amazon's machine image.

    By default, the image derives memory from the number of addresses (17 pods on a t3.medium), not
    from the configured number of pods.
    """
    per_core = [60, 10, 5, 5]
    millicores = sum(per_core[:vcpus]) + 2.5 * max(vcpus - len(per_core), 0)
    return {
        "cpu": f"{int(millicores)}m",
        "memory": f"{11 * pods + 255}Mi",
        "ephemeral-storage": "1Gi",
    }
