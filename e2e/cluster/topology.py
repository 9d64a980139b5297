"""Names and addresses of the local cluster. It is laid out as the reference deployment's VPC.

The load balancer stands in the public subnets, nodes and pods in the private ones (as with the VPC
CNI, pods have addresses of their node's subnet), the database in a database subnet. So rules that
name CIDRs, such as the chart's NetworkPolicy, meet the addresses they were written for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
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
DATABASE = IPv4Address("10.0.21.10")
HOST_ADDRESSES = (ROUTER.ip, API_SERVER, *LOAD_BALANCER, DATABASE)

API_SERVER_PORT = 443
API_SERVER_URL = f"https://{API_SERVER}:{API_SERVER_PORT}"
API_SERVICE = SERVICES[1]
DNS_SERVICE = SERVICES[10]
CLUSTER_DOMAIN = "cluster.local"
PODS_PER_NODE = 35


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """One node: here also one availability zone."""

    letter: str
    subnet: IPv4Network

    @property
    def name(self) -> str:
        return f"node-{self.letter}"

    @property
    def zone(self) -> str:
        return f"{REGION}{self.letter}"

    @property
    def address(self) -> IPv4Address:
        return self.subnet[10]

    @property
    def pods(self) -> IPv4Network:
        """The upper half of the subnet; the node and the control plane stand in the lower one."""
        return list(self.subnet.subnets())[1]

    @property
    def link(self) -> str:
        """The machine's end of the node's cable."""
        return f"obs-{self.name}"

    @property
    def namespace(self) -> str:
        """The network namespace's name, which every user of the machine sees."""
        return f"obs-{self.name}"


NODES: Mapping[str, NodeSpec] = MappingProxyType(
    {
        node.letter: node
        for node in (
            NodeSpec("a", IPv4Network("10.0.11.0/24")),
            NodeSpec("b", IPv4Network("10.0.12.0/24")),
        )
    }
)
