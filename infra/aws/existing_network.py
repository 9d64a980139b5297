"""Finds the VPC and subnets of others. Nothing of them is created or changed."""

from collections.abc import Callable, Sequence
from ipaddress import IPv4Network
from typing import TypeVar

import pulumi
import pulumi_aws as aws

from infra.aws import node_facts
from infra.aws.network import Place
from infra.config import endpoints
from infra.config.addressing import EVERYWHERE
from infra.config.findings import Severity
from infra.config.network import ExistingNetwork, Ranges
from infra.config.options import Options
from infra.naming import Names
from infra.validation.existing_network import (
    DATABASE,
    PRIVATE,
    PUBLIC,
    FoundNetwork,
    FoundSubnet,
    check_existing_network,
)

# How the provider says that AWS answered, and there is none.
NONE_FOUND = ("no matching", "returned no results")
# S3 has two kinds of endpoints, and a VPC may have both (terraform-aws-vpc#603).
SEVERAL_FOUND = "multiple EC2 VPC Endpoints matched"
_Answer = TypeVar("_Answer")
_Route = aws.ec2.outputs.GetRouteTableRouteResult


def find_network(
    options: Options, existing: ExistingNetwork, names: Names, provider: aws.Provider
) -> Place:
    """Look everything up; stop with every problem that AWS or the nodes would have with it."""
    asked = _Asked(provider)
    ids = {
        PUBLIC: existing.public_subnet_ids,
        PRIVATE: existing.private_subnet_ids,
        DATABASE: existing.database_subnet_ids,
    }
    vpc = asked.vpc(existing.vpc_id)
    subnets = {
        setting: [asked.subnet(setting, identity) for identity in named]
        for setting, named in ids.items()
    }
    online = True
    # `make plan` asks nobody, and knows nothing that could be checked.
    if vpc.main_route_table_id is not None:
        groups = {group: f"nodes-{group}" for group in options.nodes.groups}
        running = node_facts.running_groups(names.cluster, groups, provider) or {}
        services = {*endpoints.needed(options), "s3"}
        found = FoundNetwork(
            vpc_id=vpc.id,
            dns_support=vpc.enable_dns_support,
            dns_hostnames=vpc.enable_dns_hostnames,
            endpoints=frozenset(
                one for one in services if asked.has_endpoint(vpc.id, one, options.region)
            ),
            subnets={
                setting: [asked.details(one, vpc.main_route_table_id) for one in answers]
                for setting, answers in subnets.items()
            },
            running=sum(group.size for group in running.values()),
        )
        _report(options, found)
        online = all(subnet.way_out for subnet in found.subnets[PRIVATE])
    cidrs = {
        setting: [IPv4Network(one.cidr_block) for one in answers]
        for setting, answers in subnets.items()
    }
    return Place(
        vpc_id=existing.vpc_id,
        public_subnet_ids=ids[PUBLIC],
        private_subnet_ids=ids[PRIVATE],
        database_subnet_ids=ids[DATABASE],
        online=online,
        ranges=Ranges(
            public=cidrs[PUBLIC],
            private=cidrs[PRIVATE],
            database=cidrs[DATABASE],
            # Its interfaces are in these subnets, which need not be in the VPC's first range.
            control_plane=cidrs[PRIVATE],
        ),
    )


def _report(options: Options, found: FoundNetwork) -> None:
    errors = []
    for finding in check_existing_network(options, found):
        if finding.severity is Severity.ERROR:
            errors.append(f"  - {finding}")
        else:
            pulumi.log.warn(str(finding))
    if errors:
        raise pulumi.RunError("\n".join(["The network cannot work:", *errors]))


class _Asked:
    """Asks the provider, and so AWS."""

    def __init__(self, provider: aws.Provider) -> None:
        self._opts = pulumi.InvokeOptions(provider=provider)

    def vpc(self, identity: str) -> aws.ec2.GetVpcResult:
        setting = "network.existing.vpcId"
        return _found(setting, identity, lambda: aws.ec2.get_vpc(id=identity, opts=self._opts))

    def subnet(self, setting: str, identity: str) -> aws.ec2.GetSubnetResult:
        found = _found(setting, identity, lambda: aws.ec2.get_subnet(id=identity, opts=self._opts))
        if not found.cidr_block:
            raise pulumi.RunError(
                f"{setting}: {identity} has no IPv4 range, and the platform speaks IPv4. Name a"
                " subnet with one."
            )
        return found

    def details(self, subnet: aws.ec2.GetSubnetResult, main_table: str) -> FoundSubnet:
        return FoundSubnet(
            id=subnet.id,
            vpc_id=subnet.vpc_id,
            zone=(subnet.availability_zone, subnet.availability_zone_id),
            cidr=IPv4Network(subnet.cidr_block),
            free=subnet.available_ip_address_count,
            tags=subnet.tags,
            way_out=_way_out(self._table(subnet.id, main_table).routes),
        )

    def has_endpoint(self, vpc_id: str, service: str, region: str) -> bool:
        name = endpoints.service_name(service, region)

        def ask() -> bool:
            try:
                aws.ec2.get_vpc_endpoint(vpc_id=vpc_id, service_name=name, opts=self._opts)
            except Exception as refused:
                if SEVERAL_FOUND not in str(refused):
                    raise
            return True

        return _answer("network.existing.vpcId", name, ask) is not None

    def _table(self, subnet_id: str, main_table: str) -> aws.ec2.GetRouteTableResult:
        """Return the table of a subnet: without an association, it is the VPC's main one."""

        def ask() -> aws.ec2.GetRouteTableResult:
            return aws.ec2.get_route_table(subnet_id=subnet_id, opts=self._opts)

        return _answer("network.existing", f"the routes of {subnet_id}", ask) or _found(
            "network.existing",
            main_table,
            lambda: aws.ec2.get_route_table(route_table_id=main_table, opts=self._opts),
        )


def _way_out(routes: Sequence[_Route]) -> str:
    for route in routes:
        if route.cidr_block == str(EVERYWHERE):
            targets = (
                *(route.gateway_id, route.nat_gateway_id, route.transit_gateway_id),
                *(route.network_interface_id, route.vpc_endpoint_id, route.core_network_arn),
            )
            return next(filter(None, targets), "")
    return ""


def _found(setting: str, what: str, ask: Callable[[], _Answer]) -> _Answer:
    answer = _answer(setting, what, ask)
    if answer is None:
        raise pulumi.RunError(
            f"{setting}: AWS knows no {what} in this account and region. Check the id, or ask the"
            " owner to share it with this account."
        )
    return answer


def _answer(setting: str, what: str, ask: Callable[[], _Answer]) -> _Answer | None:
    """Return what AWS answers, None if there is no such thing; stop if AWS does not answer."""
    try:
        return ask()
    except Exception as refused:  # noqa: BLE001  the SDK raises nothing more precise
        if any(text in str(refused) for text in NONE_FOUND):
            return None
        raise pulumi.RunError(
            f"{setting}: AWS did not answer about {what}: {refused}. The program needs the"
            " permissions ec2:DescribeVpcs, DescribeVpcAttribute, DescribeSubnets,"
            " DescribeRouteTables and DescribeVpcEndpoints."
        ) from None
