"""Checks the VPC and subnets of others against what AWS says about them. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

from infra.config import addressing, endpoints
from infra.config.findings import Finding, error, warning
from infra.config.options import Options
from infra.validation.network import check_node_addresses, no_images

PUBLIC, PRIVATE, DATABASE = (
    f"network.existing.{tier}SubnetIds" for tier in ("public", "private", "database")
)
# Controllers find subnets for Services of type LoadBalancer by these tags.
TAGS = {PUBLIC: "kubernetes.io/role/elb", PRIVATE: "kubernetes.io/role/internal-elb"}

# "ELB requires at least 8 free IP addresses in each subnet" (aws-load-balancer-controller#1233).
FREE_FOR_A_BALANCER = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSubnet:
    id: str
    vpc_id: str
    # Name and id of the zone: us-east-1a, use1-az4.
    zone: tuple[str, str]
    cidr: IPv4Network
    free: int
    tags: Mapping[str, str]
    # What the route to 0.0.0.0/0 leads to, such as nat-…, igw-… or tgw-…; empty without one.
    way_out: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundNetwork:
    vpc_id: str
    dns_support: bool
    dns_hostnames: bool
    # Services that have an endpoint in the VPC.
    endpoints: frozenset[str]
    # Setting -> its subnets, in the order of the zones.
    subnets: Mapping[str, Sequence[FoundSubnet]]
    # Nodes that run already, and take addresses.
    running: int


def check_existing_network(options: Options, found: FoundNetwork) -> Iterator[Finding]:
    """Yield errors where AWS would refuse or nodes would not start, else warnings."""
    yield from _check_vpc(found)
    for setting, subnets in found.subnets.items():
        for zone, subnet in zip(options.network.zones, subnets, strict=True):
            yield from _check_place(setting, subnet, zone, found.vpc_id)
            yield from _check_tag(setting, subnet)
    for subnet in found.subnets[PUBLIC]:
        if not (options.load_balancer.internal or subnet.way_out.startswith("igw-")):
            yield error(
                PUBLIC,
                f"{subnet.id} has no route to an internet gateway, which AWS requires of a public"
                " load balancer",
                "Name public subnets, or set loadBalancer.internal to true",
            )
    yield from _check_balancer(options, found)
    yield from _check_private(options, found)


def _check_balancer(options: Options, found: FoundNetwork) -> Iterator[Finding]:
    """Compare the load balancer's subnets with what AWS asks of a new one."""
    setting = PRIVATE if options.load_balancer.internal else PUBLIC
    for subnet in found.subnets[setting]:
        if subnet.cidr.prefixlen > addressing.SMALLEST_PUBLIC_PREFIX:
            yield error(
                setting,
                f"{subnet.id} has {subnet.cidr}, which is too small for a load balancer",
                f"Name subnets of a /{addressing.SMALLEST_PUBLIC_PREFIX} or larger",
            )
        # A stack that runs has its load balancer already.
        elif subnet.free < FREE_FOR_A_BALANCER and not found.running:
            yield warning(
                setting,
                f"{subnet.id} has {subnet.free} free addresses, and AWS makes no load balancer in a"
                f" subnet with fewer than {FREE_FOR_A_BALANCER}",
                "Use subnets with fewer other users",
            )


def _check_vpc(found: FoundNetwork) -> Iterator[Finding]:
    for is_on, attribute in (
        (found.dns_support, "enableDnsSupport"),
        (found.dns_hostnames, "enableDnsHostnames"),
    ):
        if not is_on:
            yield error(
                "network.existing.vpcId",
                f"{attribute} of {found.vpc_id} is off: nodes cannot find the Kubernetes API",
                f"Turn it on: aws ec2 modify-vpc-attribute --vpc-id {found.vpc_id}"
                f" --{'enable-dns-support' if 'Support' in attribute else 'enable-dns-hostnames'}",
            )


def _check_place(setting: str, subnet: FoundSubnet, zone: str, vpc_id: str) -> Iterator[Finding]:
    if subnet.vpc_id != vpc_id:
        yield error(
            setting,
            f"{subnet.id} is in {subnet.vpc_id}, not in {vpc_id}",
            "Name subnets of network.existing.vpcId",
        )
    if zone not in subnet.zone:
        yield error(
            setting,
            f"{subnet.id} is in {' or '.join(subnet.zone)}, but network.zones has {zone} there",
            "Name subnets in the order of network.zones, one in each zone",
        )


def _check_tag(setting: str, subnet: FoundSubnet) -> Iterator[Finding]:
    tag = TAGS.get(setting)
    if tag and tag not in subnet.tags:
        yield warning(
            setting,
            f"{subnet.id} has no tag {tag}: a Service of type LoadBalancer would find no subnet."
            " The platform's own load balancer does not need it",
            f"Ask the owner of the VPC for the tag {tag}=1, if you create such Services",
        )


def _check_private(options: Options, found: FoundNetwork) -> Iterator[Finding]:
    subnets = found.subnets[PRIVATE]
    missing = sorted({*endpoints.needed(options), "s3"} - found.endpoints)
    for subnet in subnets:
        if subnet.way_out.startswith("igw-"):
            yield error(
                PRIVATE,
                f"{subnet.id} routes to an internet gateway: nodes have no public address, and"
                " would reach nothing",
                "Name subnets with a route to NAT",
            )
        elif not subnet.way_out and missing:
            yield error(
                PRIVATE,
                f"{subnet.id} has no route to NAT, and the VPC no endpoint for"
                f" {', '.join(missing)}",
                "Ask the owner of the VPC for a route or for the endpoints",
            )
        elif not subnet.way_out:
            yield no_images(PRIVATE, f"{subnet.id} has no route to NAT")
    yield from check_node_addresses(options, [subnet.cidr for subnet in subnets], PRIVATE)
    most = sum(group.max for group in options.nodes.groups.values())
    more = max(most - found.running, 0)
    share = -(-more // len(subnets)) * addressing.addresses_per_node(options.nodes.pods_per_node)
    for subnet in subnets:
        if subnet.free < share <= addressing.usable_addresses(subnet.cidr):
            yield warning(
                PRIVATE,
                f"{subnet.id} has {subnet.free} free addresses, but its share of {more} more nodes"
                f" needs {share}",
                "Use a subnet with fewer other users, or fewer nodes",
            )
