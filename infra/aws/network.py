"""The VPC: three tiers of subnets in every zone, and their routes."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws
from pulumi import ResourceOptions

from infra.aws.security_groups import SecurityGroup
from infra.config import endpoints
from infra.config.addressing import EVERYWHERE
from infra.config.network import Nat, NetworkOptions, Ranges
from infra.config.partition import partition_of
from infra.naming import Names

HTTPS_PORT = 443
PUBLIC, PRIVATE, DATABASE = "public", "private", "database"
# Controllers find subnets for public and internal load balancers by these tags.
ROLE_TAGS = {
    PUBLIC: {"kubernetes.io/role/elb": "1"},
    PRIVATE: {"kubernetes.io/role/internal-elb": "1"},
    DATABASE: {},
}


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where everything else is: in a network of our own, or in that of others."""

    vpc_id: pulumi.Input[str]
    public_subnet_ids: Sequence[pulumi.Input[str]]
    private_subnet_ids: Sequence[pulumi.Input[str]]
    database_subnet_ids: Sequence[pulumi.Input[str]]
    ranges: Ranges
    # Whether private subnets reach the internet.
    online: bool
    # Resources in public subnets wait for `internet`, and those in private subnets for `egress`:
    # created earlier they would fail, removed later they would get stuck.
    internet: Sequence[pulumi.Resource] = ()
    egress: Sequence[pulumi.Resource] = ()


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    names: Names
    region: str
    options: NetworkOptions
    # Services with an interface endpoint.
    endpoints: Sequence[str]


class Network(pulumi.ComponentResource):
    """Public subnets reach the internet, private ones through NAT, database subnets not at all."""

    place: Place

    def __init__(self, name: str, args: NetworkArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("platform:network:Network", name, None, opts)
        self._name, self._args, self._child = name, args, ResourceOptions(parent=self)
        self._internet: list[pulumi.Resource] = []
        self._egress: list[pulumi.Resource] = []

        self._vpc = self._create_vpc()
        public = self._create_subnets(PUBLIC, args.options.public_cidrs)
        private = self._create_subnets(PRIVATE, args.options.private_cidrs)
        database = self._create_subnets(DATABASE, args.options.database_cidrs)

        if public:
            self._create_public_routes(public, self._create_internet_gateway())
        nats = self._create_nat_gateways(public)
        private_tables = self._create_private_routes(private, nats)
        self._create_isolated_routes(database)
        self._create_s3_endpoint(private_tables)
        if args.endpoints:
            self._create_endpoints(private)

        assert args.options.cidr is not None  # noqa: S101  validation refuses it
        self.place = Place(
            vpc_id=self._vpc.id,
            public_subnet_ids=[subnet.id for subnet in public],
            private_subnet_ids=[subnet.id for subnet in private],
            database_subnet_ids=[subnet.id for subnet in database],
            ranges=Ranges(
                public=args.options.public_cidrs,
                private=args.options.private_cidrs,
                database=args.options.database_cidrs,
                control_plane=[args.options.cidr],
            ),
            online=args.options.nat is not Nat.NONE,
            internet=self._internet,
            egress=self._egress,
        )
        self.register_outputs({"vpcId": self._vpc.id})

    def _create_vpc(self) -> aws.ec2.Vpc:
        vpc = aws.ec2.Vpc(
            f"{self._name}-vpc",
            cidr_block=str(self._args.options.cidr),
            # Both are needed for the cluster's private endpoint to resolve.
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=self._args.names.display("vpc"),
            opts=self._child,
        )
        # Declared without rules, which removes AWS's own "all from itself, all to everywhere".
        aws.ec2.DefaultSecurityGroup(
            f"{self._name}-default-group",
            vpc_id=vpc.id,
            tags=self._args.names.display("default-unused"),
            opts=self._child,
        )
        return vpc

    def _create_internet_gateway(self) -> aws.ec2.InternetGateway:
        return aws.ec2.InternetGateway(
            f"{self._name}-internet",
            vpc_id=self._vpc.id,
            tags=self._args.names.display("internet"),
            opts=self._child,
        )

    def _create_subnets(self, tier: str, cidrs: Sequence[IPv4Network]) -> list[aws.ec2.Subnet]:
        return [
            aws.ec2.Subnet(
                f"{self._name}-{tier}-{zone}",
                vpc_id=self._vpc.id,
                cidr_block=str(cidr),
                availability_zone=zone,
                # The load balancer and NAT have their own addresses; nothing else needs one.
                map_public_ip_on_launch=False,
                tags=self._args.names.display(f"{tier}-{zone}") | ROLE_TAGS[tier],
                opts=self._child,
            )
            # A private network has no public ones.
            for zone, cidr in zip(self._args.options.zones, cidrs, strict=bool(cidrs))
        ]

    def _create_public_routes(
        self, subnets: Sequence[aws.ec2.Subnet], gateway: aws.ec2.InternetGateway
    ) -> None:
        table = self._create_table(PUBLIC)
        route = aws.ec2.Route(
            f"{self._name}-{PUBLIC}-internet",
            route_table_id=table.id,
            destination_cidr_block=str(EVERYWHERE),
            gateway_id=gateway.id,
            opts=self._child,
        )
        self._internet.append(route)
        for zone, subnet in zip(self._args.options.zones, subnets, strict=True):
            self._internet.append(self._associate(f"{PUBLIC}-{zone}", subnet, table))

    def _create_nat_gateways(self, public: Sequence[aws.ec2.Subnet]) -> list[aws.ec2.NatGateway]:
        """Create one gateway for all zones, or one for each, in the order of the zones, or none."""
        nat = self._args.options.nat
        number = {Nat.NONE: 0, Nat.SINGLE: 1, Nat.PER_ZONE: len(public)}[nat]
        places = list(zip(self._args.options.zones, public, strict=False))[:number]
        # A NAT gateway without a route to the internet is created but does not work.
        after_route = ResourceOptions(parent=self, depends_on=self._internet)
        gateways = []
        for zone, subnet in places:
            tags = self._args.names.display(f"nat-{zone}")
            address = aws.ec2.Eip(
                f"{self._name}-nat-address-{zone}", domain="vpc", tags=tags, opts=self._child
            )
            gateways.append(
                aws.ec2.NatGateway(
                    f"{self._name}-nat-{zone}",
                    allocation_id=address.id,
                    subnet_id=subnet.id,
                    tags=tags,
                    opts=after_route,
                )
            )
        return gateways

    def _create_private_routes(
        self, subnets: Sequence[aws.ec2.Subnet], nats: Sequence[aws.ec2.NatGateway]
    ) -> list[aws.ec2.RouteTable]:
        """Create a table for each zone, even with one NAT, so that a switch only changes routes."""
        tables = []
        for index, (zone, subnet) in enumerate(zip(self._args.options.zones, subnets, strict=True)):
            table = self._create_table(f"{PRIVATE}-{zone}")
            if nats:
                route = aws.ec2.Route(
                    f"{self._name}-{PRIVATE}-nat-{zone}",
                    route_table_id=table.id,
                    destination_cidr_block=str(EVERYWHERE),
                    nat_gateway_id=nats[index % len(nats)].id,
                    opts=self._child,
                )
                self._egress.append(route)
            self._egress.append(self._associate(f"{PRIVATE}-{zone}", subnet, table))
            tables.append(table)
        return tables

    def _create_isolated_routes(self, subnets: Sequence[aws.ec2.Subnet]) -> None:
        """Associate a table without routes, because the VPC's main table might get routes."""
        table = self._create_table(DATABASE)
        for zone, subnet in zip(self._args.options.zones, subnets, strict=True):
            self._associate(f"{DATABASE}-{zone}", subnet, table)

    def _create_s3_endpoint(self, tables: Sequence[aws.ec2.RouteTable]) -> None:
        """Create an endpoint for S3, so that image layers cause no NAT traffic."""
        aws.ec2.VpcEndpoint(
            f"{self._name}-s3",
            vpc_id=self._vpc.id,
            vpc_endpoint_type="Gateway",
            service_name=partition_of(self._args.region).endpoint(self._args.region, "s3"),
            route_table_ids=[table.id for table in tables],
            tags=self._args.names.display("s3"),
            opts=self._child,
        )

    def _create_endpoints(self, subnets: Sequence[aws.ec2.Subnet]) -> None:
        """Let the private subnets reach AWS's services inside the VPC, under their usual names."""
        group = SecurityGroup(
            f"{self._name}-endpoints",
            names=self._args.names,
            vpc_id=self._vpc.id,
            description="Endpoints of AWS services",
            opts=self._child,
        )
        for zone, cidr in zip(
            self._args.options.zones, self._args.options.private_cidrs, strict=True
        ):
            rule = group.admit(
                f"from-private-{zone}",
                source=cidr,
                port=HTTPS_PORT,
                description="HTTPS from a private subnet",
            )
            self._egress.append(rule)
        for service in self._args.endpoints:
            endpoint = aws.ec2.VpcEndpoint(
                f"{self._name}-endpoint-{service}",
                vpc_id=self._vpc.id,
                vpc_endpoint_type="Interface",
                service_name=endpoints.service_name(service, self._args.region),
                subnet_ids=[subnet.id for subnet in subnets],
                security_group_ids=[group.id],
                private_dns_enabled=True,
                tags=self._args.names.display(f"endpoint-{service}"),
                opts=self._child,
            )
            self._egress.append(endpoint)

    def _create_table(self, role: str) -> aws.ec2.RouteTable:
        return aws.ec2.RouteTable(
            f"{self._name}-{role}-routes",
            vpc_id=self._vpc.id,
            tags=self._args.names.display(role),
            opts=self._child,
        )

    def _associate(
        self, role: str, subnet: aws.ec2.Subnet, table: aws.ec2.RouteTable
    ) -> aws.ec2.RouteTableAssociation:
        return aws.ec2.RouteTableAssociation(
            f"{self._name}-{role}-association",
            subnet_id=subnet.id,
            route_table_id=table.id,
            opts=self._child,
        )
