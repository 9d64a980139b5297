"""The nodes as the plan shows them: how many of what, their price, and how many fit."""

from collections.abc import Iterator

from infra import versions
from infra.config import addressing
from infra.config.nodes import NodeGroupOptions
from infra.config.options import Options


def node_lines(options: Options) -> Iterator[str]:
    """Yield a sentence for each group, and one about the subnets."""
    groups, pods = options.nodes.groups, options.nodes.pods_per_node
    for name, group in groups.items():
        place = f" in {', '.join(group.zones)}" if group.zones else ""
        yield (
            f"{name}: {group.min} to {group.max} x {' or '.join(group.instance_types)}"
            f" ({group.architecture}){place}, {_price(group)}"
        )
    fitting = [addressing.nodes_in(cidr, pods) for cidr in options.network.private_cidrs]
    if not fitting:
        return  # only AWS knows the ranges of network.existing
    yield (
        f"private subnets have room for {' + '.join(map(str, fitting))} nodes with {pods} pods"
        f" each; the groups grow to {sum(group.max for group in groups.values())}"
    )


def _price(group: NodeGroupOptions) -> str:
    hourly = [kind.hourly_usd for kind in group.types if kind.hourly_usd is not None]
    if len(hourly) < len(group.types):
        return "no price known"
    least, most = (
        round(count * price * versions.HOURS_PER_MONTH)
        for count, price in ((group.min, min(hourly)), (group.max, max(hourly)))
    )
    return f"${least} to ${most} a month on demand in us-east-1"
