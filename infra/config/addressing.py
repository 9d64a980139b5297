"""The address plan: CIDR arithmetic without Pulumi.

AWS's limits: a VPC is a /16 to a /28, so is a subnet, and AWS reserves five addresses of each
subnet.
"""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network, collapse_addresses
from itertools import combinations

from infra.config.findings import Finding, error

AWS_RESERVED_ADDRESSES = 5
FEWEST_ZONES = 2
LARGEST_PREFIX, SMALLEST_PREFIX = 16, 28
# An Application Load Balancer needs at least a /27 in each of its subnets.
SMALLEST_PUBLIC_PREFIX = 27
# With prefix delegation, a node takes addresses in blocks of a /28.
ADDRESSES_PER_PREFIX = 16
EVERYWHERE = IPv4Network("0.0.0.0/0")
# RFC 5737: for examples only, never routed.
DOCUMENTATION = tuple(
    IPv4Network(block) for block in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
)

# RFC 1918.
PRIVATE = tuple(IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))


def is_everywhere(cidrs: Sequence[IPv4Network]) -> bool:
    """Tell whether the ranges together are the internet, as 0.0.0.0/1 and 128.0.0.0/1 are."""
    return EVERYWHERE in collapse_addresses(cidrs)


def parse_cidr(text: object) -> IPv4Network:
    """Parse a range such as 10.0.0.0/16; raise ValueError for anything else."""
    if isinstance(text, IPv4Network):
        return text
    if not isinstance(text, str) or "/" not in text:
        raise ValueError("is not an IPv4 range such as 10.0.0.0/16")
    try:
        return IPv4Network(text)
    except ValueError:
        pass
    try:
        network = IPv4Network(text, strict=False)
    except ValueError:
        raise ValueError("is not an IPv4 range such as 10.0.0.0/16") from None
    raise ValueError(f"is an address inside a range: write {network}")


def usable_addresses(network: IPv4Network) -> int:
    """Return how many addresses of a subnet can be used."""
    return network.num_addresses - AWS_RESERVED_ADDRESSES


def addresses_per_node(pods: int) -> int:
    """Return the addresses that a node with `pods` pods takes, with one warm prefix."""
    prefixes = -(-pods // ADDRESSES_PER_PREFIX)
    return (prefixes + 1) * ADDRESSES_PER_PREFIX


def nodes_in(network: IPv4Network, pods: int) -> int:
    """Return how many nodes fit into a subnet, each with `pods` pods and one warm prefix.

    A prefix is a whole /28, and AWS's reserved addresses break the first and the last one. A
    node's own address comes from these two while they last.
    """
    taken = addresses_per_node(pods)
    whole = max(network.num_addresses // ADDRESSES_PER_PREFIX - 2, 0)
    prefixes = taken // ADDRESSES_PER_PREFIX
    return min(whole // prefixes, usable_addresses(network) // (taken + 1))


def validate_addresses(
    vpc: IPv4Network,
    tiers: Mapping[str, Sequence[IPv4Network]],
    *,
    balancer: str = "network.publicCidrs",
) -> list[Finding]:
    """Return the errors of a VPC and its subnets; `tiers` maps a setting's name to its ranges.

    The load balancer is in those of `balancer`.
    """
    named = [(setting, network) for setting, networks in tiers.items() for network in networks]
    sizes = _check_sizes([("network.cidr", vpc), *named], balancer)
    return [*sizes, *_check_placement(vpc, named)]


def check_zones(zones: Sequence[str]) -> Iterator[Finding]:
    """Refuse fewer than two zones, and one that is named twice."""
    if len(set(zones)) < FEWEST_ZONES:
        yield error(
            "network.zones",
            f"{list(zones)} is fewer than two availability zones",
            "Name at least two: the cluster, load balancer and database need them",
        )
    if len(set(zones)) != len(zones):
        yield error("network.zones", f"{list(zones)} names a zone twice", "Name each zone once")


def check_counts(
    tiers: Mapping[str, Sequence[object]], zones: Sequence[str], *, what: str
) -> Iterator[Finding]:
    """Refuse a setting that does not have one value for each zone."""
    for setting, values in tiers.items():
        if len(values) != len(zones):
            yield error(
                setting,
                f"{len(values)} {what}s for {len(zones)} zones",
                f"Give one {what} for each zone, in the order of network.zones",
            )


def _check_sizes(named: Sequence[tuple[str, IPv4Network]], balancer: str) -> list[Finding]:
    findings = [
        error(
            setting,
            f"{network} is a /{network.prefixlen}",
            f"Choose a range from /{LARGEST_PREFIX} to /{SMALLEST_PREFIX}, as AWS requires",
        )
        for setting, network in named
        if not LARGEST_PREFIX <= network.prefixlen <= SMALLEST_PREFIX
    ]
    findings.extend(
        error(
            setting,
            f"{network} is too small for a load balancer",
            f"Use a /{SMALLEST_PUBLIC_PREFIX} or larger",
        )
        for setting, network in named
        if setting == balancer and network.prefixlen == SMALLEST_PREFIX
    )
    return findings


def _check_placement(vpc: IPv4Network, named: Sequence[tuple[str, IPv4Network]]) -> list[Finding]:
    findings = [
        error(
            setting,
            f"{network} is outside the VPC's {vpc}",
            "Choose a range inside network.cidr, or widen network.cidr",
        )
        for setting, network in named
        if not network.subnet_of(vpc)
    ]
    findings.extend(
        error(
            setting,
            f"{network} overlaps {other} of {other_setting}",
            "Choose ranges that share no address",
        )
        for (other_setting, other), (setting, network) in combinations(named, 2)
        if network.overlaps(other)
    )
    return findings
