"""The settings of the network: one of our own, or the VPC and subnets of others. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from infra.config.addressing import parse_cidr
from infra.config.option_group import Group, distinct

Cidr = Annotated[IPv4Network, BeforeValidator(parse_cidr)]
SubnetId = Annotated[str, StringConstraints(pattern=r"^subnet-[0-9a-f]+$")]
Service = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9.-]+$")]


class Nat(StrEnum):
    """One gateway is cheaper; one in each zone survives the loss of a zone."""

    SINGLE = "single"
    PER_ZONE = "per-az"
    NONE = "none"


class FlowLogDestination(StrEnum):
    NONE = "none"
    CLOUDWATCH = "cloudwatch"
    S3 = "s3"


class FlowLogTraffic(StrEnum):
    ALL = "all"
    REJECTED = "rejected"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class Ranges:
    """The addresses of each subnet, in the order of the zones."""

    public: Sequence[IPv4Network]
    private: Sequence[IPv4Network]
    database: Sequence[IPv4Network]
    # The control plane's addresses are in these.
    control_plane: Sequence[IPv4Network]


class ExistingNetwork(Group):
    """Subnets in the order of network.zones."""

    vpc_id: str = Field(pattern=r"^vpc-[0-9a-f]+$", description="the VPC, vpc-…")
    public_subnet_ids: tuple[SubnetId, ...] = Field(
        (), description="load balancer, one per zone; [] with loadBalancer.internal: true"
    )
    private_subnet_ids: tuple[SubnetId, ...] = Field(
        description="nodes and control plane, one per zone"
    )
    database_subnet_ids: tuple[SubnetId, ...] = Field(description="database, one per zone")


class FlowLogOptions(Group):
    destination: FlowLogDestination = Field(
        FlowLogDestination.NONE,
        description="none (nobody reads them in a small stack), cloudwatch ($0.50 per GB) or s3"
        " ($0.25 per GB)",
    )
    traffic: FlowLogTraffic = Field(
        FlowLogTraffic.ALL, description="all, rejected (a fraction of the cost) or accepted"
    )
    retention_days: int = Field(
        30,
        ge=1,
        le=3653,
        description="days that flow logs are kept, 1 to 3653; in CloudWatch one of 1, 3, 5, 7, 14,"
        " 30, 60, 90, … 3653",
    )


class NetworkOptions(Group):
    cidr: Cidr | None = Field(None, description="the VPC's range, /16 to /28")
    zones: tuple[str, ...] = Field(
        description="availability zones of the region, at least two: names, or ids such as use1-az1"
    )
    public_cidrs: tuple[Cidr, ...] = Field(
        (), description="load balancer and NAT, one per zone; [] for neither"
    )
    private_cidrs: tuple[Cidr, ...] = Field((), description="nodes and control plane, one per zone")
    database_cidrs: tuple[Cidr, ...] = Field((), description="database, one per zone")
    nat: Nat = Field(
        Nat.SINGLE,
        description="NAT gateways at $33 a month each: single, per-az, or none with endpoints",
    )
    endpoints: Annotated[bool | tuple[Service, ...], AfterValidator(distinct)] = Field(
        (),
        description="interface endpoints by service (ecr.api, sts, …), or true for those that the"
        " platform needs; $7.30 a month for each service and zone. None by default: NAT reaches"
        " all services",
    )
    flow_logs: FlowLogOptions = Field(
        FlowLogOptions(), description="records of the connections in the VPC"
    )
    existing: ExistingNetwork | None = Field(
        None, description="VPC and subnets of others, in place of the ranges above"
    )
