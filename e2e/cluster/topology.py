"""Names and addresses of the local cluster. It is laid out as the reference deployment's VPC.

The load balancer stands in the public subnets, nodes and pods in the private ones (as with the VPC
CNI, pods have addresses of their node's subnet), the database in a database subnet. So rules that
name CIDRs, such as the chart's NetworkPolicy, meet the addresses they were written for.
"""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from types import MappingProxyType

REGION = "us-east-1"
VPC = IPv4Network("10.0.0.0/16")
SERVICES = IPv4Network("172.20.0.0/16")  # what EKS takes when the VPC is in 10.0.0.0/8
BRIDGE = "obs-vpc"

# On the machine's side of the bridge.
ROUTER = IPv4Interface("10.0.0.1/16")
API_SERVER = IPv4Address("10.0.11.5")  # a control-plane interface stands in a private subnet
LOAD_BALANCER = (IPv4Address("10.0.1.10"), IPv4Address("10.0.2.10"))
# Two: a restored database stands beside the one that it replaces.
DATABASES = (IPv4Address("10.0.21.10"), IPv4Address("10.0.21.11"))
HOST_ADDRESSES = (ROUTER.ip, API_SERVER, *LOAD_BALANCER, *DATABASES)

API_SERVER_PORT = 443
API_SERVER_URL = f"https://{API_SERVER}:{API_SERVER_PORT}"
API_SERVICE = SERVICES[1]
DNS_SERVICE = SERVICES[10]
CLUSTER_DOMAIN = "cluster.local"
PODS_PER_NODE = 35


class NodeSpec:
    """One node: here also one availability zone."""

    def __init__(self, letter: str, subnet: IPv4Network) -> None:
        self.letter, self.subnet = letter, subnet
        self.name = f"node-{letter}"
        self.zone = f"{REGION}{letter}"
        self.address = subnet[10]
        # The upper half of the subnet; the node and the control plane stand in the lower one.
        self.pods = list(subnet.subnets())[1]
        # The machine's end of the node's cable, and its network namespace, which all users see.
        self.link = self.namespace = f"obs-{self.name}"


NODES: Mapping[str, NodeSpec] = MappingProxyType(
    {
        node.letter: node
        for node in (
            NodeSpec("a", IPv4Network("10.0.11.0/24")),
            NodeSpec("b", IPv4Network("10.0.12.0/24")),
        )
    }
)
