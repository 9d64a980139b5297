"""Checks the network: a range for each zone, a way out for nodes, or the ids of others. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from math import ceil

from infra.config import addressing, endpoints
from infra.config.findings import Finding, error, warning
from infra.config.network import ExistingNetwork, FlowLogDestination, Nat
from infra.config.options import Options

# The days that CloudWatch Logs accepts.
LOG_RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922),
    *(3288, 3653),
)
REGISTRIES = "docker.io, quay.io, registry.k8s.io, public.ecr.aws and ghcr.io"


def validate_network(options: Options) -> Iterator[Finding]:
    """Check the group `network`, without asking AWS."""
    network = options.network
    yield from addressing.check_zones(network.zones)
    if network.existing:
        yield from _check_existing(options, network.existing)
    else:
        yield from _check_ranges(options)
        yield from check_node_addresses(options, network.private_cidrs, "network.privateCidrs")
        yield from _check_way_out(options)
    days = network.flow_logs.retention_days
    if network.flow_logs.destination is FlowLogDestination.CLOUDWATCH:
        yield from check_retention("network.flowLogs.retentionDays", days)


def check_retention(setting: str, days: int) -> Iterator[Finding]:
    """Refuse a number of days that CloudWatch Logs does not know."""
    if days not in LOG_RETENTION_DAYS:
        yield error(
            setting,
            f"{days} is not a retention that CloudWatch Logs supports",
            f"Use one of {', '.join(map(str, LOG_RETENTION_DAYS))}",
        )


def check_node_addresses(
    options: Options, cidrs: Sequence[IPv4Network], setting: str
) -> Iterator[Finding]:
    """Compare the nodes with the room in their subnets: with all zones, and with one less."""
    pods, zones = options.nodes.pods_per_node, options.network.zones
    for zone, cidr in zip(zones, cidrs, strict=False):
        fitting = addressing.nodes_in(cidr, pods)
        spread = _most_nodes(options, zone)
        lost = (_most_nodes(options, zone, other) for other in zones if other != zone)
        crowded = max(lost, default=0)
        room = (
            f"{cidr} has room for {fitting} nodes with {pods} pods, because each takes whole /28"
            " blocks"
        )
        remedy = "Use a larger range, fewer nodes or fewer pods per node"
        if fitting < spread:
            yield error(setting, f"{room}; node groups can put {spread} there", remedy)
        elif fitting < crowded:
            yield warning(
                setting,
                f"{room}; after the loss of a zone, node groups can put {crowded} there",
                remedy,
            )


def _most_nodes(options: Options, zone: str, lost: str | None = None) -> int:
    """Return a zone's share of the nodes when every group is at its largest."""
    left = [
        (group.max, [one for one in group.zones or options.network.zones if one != lost])
        for group in options.nodes.groups.values()
    ]
    return ceil(sum(most / len(zones) for most, zones in left if zone in zones))


def _check_ranges(options: Options) -> Iterator[Finding]:
    network = options.network
    if network.cidr is None:
        yield error(
            "network.cidr",
            "is missing",
            "Set the VPC's range, /16 to /28, or name the VPC of others in network.existing",
        )
        return
    tiers: Mapping[str, Sequence[IPv4Network]] = {
        "network.publicCidrs": network.public_cidrs,
        "network.privateCidrs": network.private_cidrs,
        "network.databaseCidrs": network.database_cidrs,
    }
    unneeded = network.nat is Nat.NONE and options.load_balancer.internal
    counted = dict(tiers)
    if unneeded and not network.public_cidrs:
        del counted["network.publicCidrs"]
    yield from addressing.check_counts(counted, network.zones, what="range")
    balancer = "private" if options.load_balancer.internal else "public"
    yield from addressing.validate_addresses(
        network.cidr, tiers, balancer=f"network.{balancer}Cidrs"
    )


def _check_way_out(options: Options) -> Iterator[Finding]:
    network = options.network
    if network.nat is not Nat.NONE:
        return
    missing = sorted({*endpoints.needed(options)} - {*endpoints.wanted(options)})
    if missing:
        yield error(
            "network.endpoints",
            f"network.nat is none, and there is no endpoint for {', '.join(missing)}: nodes and"
            " pods do not reach these services",
            "Add them, or set network.endpoints to true",
        )
    yield no_images("network.nat", "is none")


def no_images(setting: str, why: str) -> Finding:
    """Warn that nodes without a way to the internet start no pod of a chart of others."""
    return warning(
        setting,
        f"{why}: nodes cannot pull images from {REGISTRIES}, which the charts name",
        "Route the private subnets to NAT, to a proxy or to a mirror of these registries before"
        " `pulumi up`",
    )


def _check_existing(options: Options, existing: ExistingNetwork) -> Iterator[Finding]:
    network, given = options.network, options.network.model_fields_set
    own = {
        "cidr": "network.cidr",
        "public_cidrs": "network.publicCidrs",
        "private_cidrs": "network.privateCidrs",
        "database_cidrs": "network.databaseCidrs",
        "nat": "network.nat",
        "endpoints": "network.endpoints",
    }
    for field, setting in own.items():
        if field in given and getattr(network, field) not in {None, ()}:
            yield error(
                setting,
                "is set together with network.existing",
                "Remove it: the owner of the VPC decides about it, or remove network.existing",
            )
    tiers: dict[str, Sequence[str]] = {
        "network.existing.privateSubnetIds": existing.private_subnet_ids,
        "network.existing.databaseSubnetIds": existing.database_subnet_ids,
    }
    if existing.public_subnet_ids or not options.load_balancer.internal:
        tiers["network.existing.publicSubnetIds"] = existing.public_subnet_ids
    yield from addressing.check_counts(tiers, network.zones, what="subnet")
    named = [one for ids in tiers.values() for one in ids]
    for twice in sorted({one for one in named if named.count(one) > 1}):
        yield error(
            "network.existing",
            f"{twice} is named twice",
            "Name a subnet of its own for each purpose and zone",
        )
