"""The options of the nodes. Pure: no Pulumi here.

infra/validation/nodes.py checks what must hold between the fields.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from infra.config.instance_types import Architecture, InstanceType, instance_types
from infra.config.option_group import Group, Identifier, distinct

LATEST = "latest"
_NAME = r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
_DNS_PART = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
LabelKey = Annotated[
    str,
    StringConstraints(
        pattern=rf"^({_DNS_PART}(\.{_DNS_PART})*/)?{_NAME}$", max_length=253 + 1 + 63
    ),
]
LabelValue = Annotated[str, StringConstraints(pattern=rf"^({_NAME})?$")]
KeyArn = Annotated[
    str, StringConstraints(pattern=r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$")
]
Release = Annotated[
    str,
    StringConstraints(
        pattern=rf"^({LATEST}|[0-9]+\.[0-9]+\.[0-9]+-[0-9]{{8}})$", strip_whitespace=True
    ),
]


class Capacity(StrEnum):
    """How EC2 sells the nodes."""

    ON_DEMAND = "on-demand"
    SPOT = "spot"


class TaintEffect(StrEnum):
    NO_SCHEDULE = "no-schedule"
    PREFER_NO_SCHEDULE = "prefer-no-schedule"
    NO_EXECUTE = "no-execute"


class Taint(Group):
    key: LabelKey = Field(description="a label's key, such as dedicated")
    value: LabelValue = Field("", description="a label's value, such as batch")
    effect: TaintEffect = Field(
        TaintEffect.NO_SCHEDULE, description="no-schedule, prefer-no-schedule or no-execute"
    )


class NodeGroupOptions(Group):
    instance_types: Annotated[tuple[str, ...], AfterValidator(distinct)] = Field(
        min_length=1,
        max_length=20,
        description="EC2 instance types, 1 to 20; several help with spot",
    )
    capacity: Capacity = Field(Capacity.ON_DEMAND, description="on-demand or spot")
    min: int = Field(ge=0, le=100, description="fewest nodes, 0 to 100")
    max: int = Field(ge=1, le=100, description="most nodes, 1 to 100")
    zones: tuple[str, ...] = Field(
        (), description="zones of network.zones that its nodes stand in; [] means all"
    )
    disk_gb: int | None = Field(
        None, ge=20, le=500, description="root volume in GB, 20 to 500; without it nodes.diskGb"
    )
    labels: dict[LabelKey, LabelValue] = Field(
        {}, description="labels of its nodes, in addition to EKS's own and capacity"
    )
    taints: tuple[Taint, ...] = Field(
        (), max_length=49, description="taints of its nodes: key, value and effect, at most 49"
    )

    @property
    def types(self) -> tuple[InstanceType, ...]:
        """Return the rows of its types; raise KeyError for an unknown one."""
        return tuple(instance_types()[name] for name in self.instance_types)

    @property
    def architecture(self) -> Architecture:
        return self.types[0].architecture

    @property
    def keeps_others_away(self) -> bool:
        """Whether pods without a toleration, as all of ours, cannot run there."""
        return any(t.effect is not TaintEffect.PREFER_NO_SCHEDULE for t in self.taints)


class NodeOptions(Group):
    pods_per_node: int = Field(35, ge=10, le=110, description="pods on one node, 10 to 110")
    disk_gb: int = Field(20, ge=20, le=500, description="root volume in GB, 20 to 500")
    release: Release = Field(
        LATEST,
        description="latest, or an AMI release such as 1.35.3-20260724. With latest, each"
        " `pulumi up` brings the newest security patches, node by node",
    )
    kms_key: KeyArn | None = Field(
        None,
        description="ARN of a KMS key ($1 a month) for the volumes of nodes and pods; without it"
        " the account's default key for EBS",
    )
    groups: dict[Identifier, NodeGroupOptions] = Field(
        min_length=1, description="node groups by a short name, at least one"
    )

    @property
    def architectures(self) -> list[Architecture]:
        return sorted({group.architecture for group in self.groups.values()}, reverse=True)

    @property
    def platforms(self) -> list[str]:
        """Return what images must be built for, linux/amd64 first."""
        return [architecture.platform for architecture in self.architectures]
