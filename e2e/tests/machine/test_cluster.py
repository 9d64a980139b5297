"""The cluster is what the drills take it for, where no drill looks. Needs root."""

import json
import time
from ipaddress import IPv4Address

import pytest

from e2e.cluster import topology
from e2e.cluster.cluster import Cluster
from e2e.cluster.errors import ClusterError
from e2e.cluster.processes import wait_until
from e2e.cluster.shell import run

pytestmark = pytest.mark.timeout(400)

DNS = ("--namespace=kube-system", "--selector=k8s-app=kube-dns")
# Only the public subnets, where the load balancer stands, may connect.
POLICY = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "only-public", "namespace": "kube-system"},
    "spec": {
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [{"ipBlock": {"cidr": "10.0.1.0/24"}}]}],
    },
}


def answers(address: str, *, source: str) -> bool:
    """Whether a pod of CoreDNS answers an address of this machine."""
    url = f"http://{address}:8181/ready"
    return run("curl", "-sf", "-m2", "--interface", source, url, check=False) != ""


def test_nodes_give_what_those_of_the_deployment_give(cluster: Cluster) -> None:
    for node in topology.NODES.values():
        shown = "jsonpath={.status.allocatable.pods} {.status.allocatable.cpu}"
        found = cluster.kubectl("get", "node", node.name, "--output", shown)
        assert found == "35 1930m"


def test_network_policy_is_enforced_on_both_nodes(cluster: Cluster) -> None:
    shown = "jsonpath={.items[*].status.podIP}"
    addresses = cluster.kubectl("get", "pods", *DNS, "--output", shown).split()
    inside, outside = topology.LOAD_BALANCER[0], topology.DATABASES[0]
    assert len(addresses) == 2

    def reach(source: IPv4Address) -> list[bool]:
        return [answers(address, source=str(source)) for address in addresses]

    assert all(reach(outside))
    cluster.kubectl.apply(json.dumps(POLICY))
    try:
        assert wait_until(lambda: not any(reach(outside)), seconds=30)
        assert all(reach(inside))
    finally:
        cluster.kubectl("delete", "networkpolicy", "only-public", "--namespace=kube-system")
    assert wait_until(lambda: all(reach(outside)), seconds=30)


def test_a_node_is_declared_lost_as_on_eks_and_comes_back(cluster: Cluster) -> None:
    node = cluster.node("b")
    with pytest.raises(ClusterError, match="node-b is running already"):
        node.start()
    killed = time.time()
    node.kill()
    try:
        cluster.kubectl("wait", "node/node-b", "--for=condition=Ready=Unknown", "--timeout=90s")
        assert 40 < time.time() - killed < 60  # the control plane's default is 50 s
    finally:
        node.start()
        cluster.wait_for_nodes()
