from ipaddress import IPv4Network

from e2e.cluster import topology


def test_the_local_network_is_the_reference_deployments() -> None:
    """The chart's NetworkPolicy names these subnets: addresses outside them would prove nothing."""
    public = [IPv4Network("10.0.1.0/24"), IPv4Network("10.0.2.0/24")]
    private = [IPv4Network("10.0.11.0/24"), IPv4Network("10.0.12.0/24")]
    pairs = zip(topology.LOAD_BALANCER, public, strict=True)
    assert all(address in subnet for address, subnet in pairs)
    assert [node.subnet for node in topology.NODES.values()] == private
    database = IPv4Network("10.0.21.0/24")
    assert all(address in database for address in topology.DATABASES)
    assert topology.API_SERVER in private[0]


def test_a_node_has_room_for_its_pods_beside_itself() -> None:
    for node in topology.NODES.values():
        assert node.pods.subnet_of(node.subnet)
        assert node.address not in node.pods
        # Network, broadcast and the bridge take one address each.
        assert node.pods.num_addresses - 3 >= topology.PODS_PER_NODE
        # Nothing on the machine's side has a pod's address.
        assert not any(address in node.pods for address in topology.HOST_ADDRESSES)
    assert not topology.SERVICES.overlaps(topology.VPC)
