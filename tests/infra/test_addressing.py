"""CIDR arithmetic, by properties: whatever ranges an operator writes, no bad plan gets through."""

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.config import addressing
from infra.config.addressing import parse_cidr, validate_addresses

TIERS = ("network.publicCidrs", "network.privateCidrs", "network.databaseCidrs")


def networks(min_prefix: int = 0, max_prefix: int = 32) -> st.SearchStrategy[IPv4Network]:
    return st.builds(
        lambda address, prefix: IPv4Network((address, prefix), strict=False),
        st.integers(0, 2**32 - 1),
        st.integers(min_prefix, max_prefix),
    )


@st.composite
def good_plans(draw: st.DrawFn) -> tuple[IPv4Network, dict[str, list[IPv4Network]]]:
    """Draw a VPC and six subnets cut from it side by side."""
    vpc = draw(networks(16, 22))
    prefix = draw(st.integers(vpc.prefixlen + 3, addressing.SMALLEST_PUBLIC_PREFIX))
    subnets = vpc.subnets(new_prefix=prefix)
    return vpc, {tier: [next(subnets), next(subnets)] for tier in TIERS}


@given(good_plans())
def test_a_plan_cut_from_the_vpc_has_no_findings(
    plan: tuple[IPv4Network, dict[str, list[IPv4Network]]],
) -> None:
    vpc, tiers = plan
    assert validate_addresses(vpc, tiers) == []


def ranges_near(vpc: IPv4Network) -> st.SearchStrategy[IPv4Network]:
    """Draw ranges inside the VPC, around it, and anywhere."""
    inside = st.sampled_from(list(vpc.subnets(new_prefix=min(vpc.prefixlen + 4, 28))))
    around = st.integers(16, vpc.prefixlen).map(lambda prefix: vpc.supernet(new_prefix=prefix))
    return st.one_of(inside, around, networks(16, 28))


@given(good_plans(), st.data(), st.sampled_from(TIERS), st.integers(0, 1))
def test_a_foreign_range_is_refused_exactly_when_it_is_outside_or_overlaps(
    plan: tuple[IPv4Network, dict[str, list[IPv4Network]]],
    data: st.DataObject,
    tier: str,
    index: int,
) -> None:
    vpc, tiers = plan
    foreign = data.draw(ranges_near(vpc))
    tiers = {name: list(ranges) for name, ranges in tiers.items()}
    tiers[tier][index] = foreign
    others = [
        network
        for name, ranges in tiers.items()
        for position, network in enumerate(ranges)
        if (name, position) != (tier, index)
    ]
    messages = [finding.message for finding in validate_addresses(vpc, tiers)]
    too_small = tier == TIERS[0] and foreign.prefixlen > addressing.SMALLEST_PUBLIC_PREFIX
    assert any("is outside" in text for text in messages) == (not foreign.subnet_of(vpc))
    assert any("overlaps" in text for text in messages) == any(map(foreign.overlaps, others))
    assert any("too small" in text for text in messages) == too_small


@given(networks())
def test_the_size_of_a_vpc_is_refused_exactly_when_aws_refuses_it(vpc: IPv4Network) -> None:
    findings = validate_addresses(vpc, {})
    assert bool(findings) == (not 16 <= vpc.prefixlen <= 28)


@given(networks())
def test_a_range_reads_back_as_itself(network: IPv4Network) -> None:
    assert parse_cidr(str(network)) == network
    assert parse_cidr(network) is network


@given(networks(1, 31), st.integers(1, 2**31))
def test_a_host_inside_a_range_is_answered_with_the_range(network: IPv4Network, host: int) -> None:
    offset = host % network.num_addresses
    text = f"{network.network_address + offset}/{network.prefixlen}"
    if offset == 0:
        assert parse_cidr(text) == network
    else:
        with pytest.raises(ValueError, match=f"write {network}"):
            parse_cidr(text)


@given(st.one_of(st.none(), st.integers(), st.text(), st.lists(st.text())))
def test_anything_else_is_a_value_error(value: object) -> None:
    try:
        parsed = parse_cidr(value)
    except ValueError as error:
        assert "10.0.0.0/16" in str(error) or "write" in str(error)  # noqa: PT017  either sentence
    else:
        assert isinstance(parsed, IPv4Network)


@pytest.mark.parametrize(
    ("cidr", "pods", "nodes"),
    [
        # 14 whole prefixes: three for the pods and a spare one.
        ("10.0.11.0/24", 35, 3),
        ("10.0.11.0/24", 110, 1),
        ("10.0.12.0/23", 35, 7),
        # The nodes' own addresses cost more than what the broken prefixes leave.
        ("10.0.0.0/18", 35, 251),
        ("10.0.11.0/27", 35, 0),
        ("10.0.11.0/28", 35, 0),
    ],
)
def test_a_subnet_bears_so_many_nodes(cidr: str, pods: int, nodes: int) -> None:
    assert addressing.nodes_in(IPv4Network(cidr), pods) == nodes
