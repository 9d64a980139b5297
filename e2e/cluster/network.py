"""The bridge that stands for the VPC, a network namespace per node, and the routes between them."""

import json
from ipaddress import IPv4Network
from pathlib import Path

from e2e.cluster import topology
from e2e.cluster.errors import PreconditionError
from e2e.cluster.shell import run
from e2e.cluster.topology import NodeSpec

NAMESPACES = Path("/run/netns")


def check() -> None:
    """Refuse a machine that already uses the addresses: its own network would be cut off."""
    for route in json.loads(run("ip", "-json", "-4", "route", "show", "table", "all")):
        if route["dst"] == "default" or route.get("dev") == topology.BRIDGE:
            continue
        destination = IPv4Network(route["dst"], strict=False)
        for wanted in (topology.VPC, topology.SERVICES):
            if destination.overlaps(wanted):
                raise PreconditionError(
                    f"{wanted} is used on this machine (route {route['dst']} dev {route['dev']}): "
                    "the cluster needs these addresses for itself"
                )


def make_vpc() -> None:
    run("ip", "link", "add", topology.BRIDGE, "type", "bridge")
    run("ip", "address", "add", str(topology.ROUTER), "dev", topology.BRIDGE)
    for address in topology.HOST_ADDRESSES:
        if address != topology.ROUTER.ip:
            run("ip", "address", "add", f"{address}/32", "dev", topology.BRIDGE)
    run("ip", "link", "set", topology.BRIDGE, "up")


def connect(node: NodeSpec) -> None:
    """Give the node a namespace, a cable to the bridge and routes to the other nodes' pods."""
    inside = ("ip", "-netns", node.namespace)
    run("ip", "netns", "add", node.namespace)
    run("ip", "link", "add", node.link, "type", "veth", "peer", "eth0", "netns", node.namespace)
    run("ip", "link", "set", node.link, "master", topology.BRIDGE, "up")
    run(*inside, "link", "set", "lo", "up")
    run(*inside, "address", "add", f"{node.address}/{topology.VPC.prefixlen}", "dev", "eth0")
    run(*inside, "link", "set", "eth0", "up")
    run(*inside, "route", "add", "default", "via", str(topology.ROUTER.ip))
    for other in topology.NODES.values():
        if other != node:
            run(*inside, "route", "add", str(other.pods), "via", str(other.address))
    run("ip", "route", "replace", str(node.pods), "via", str(node.address))


def plug(node: NodeSpec, *, connected: bool) -> None:
    """Pull the cable or put it back: with it a dead node's kernel would go on refusing packets."""
    run("ip", "link", "set", node.link, "up" if connected else "down")
    if connected:
        run("ip", "route", "replace", str(node.pods), "via", str(node.address))


def route_services() -> None:
    """Let this machine, so the API server, reach Services through a living node's kube-proxy."""
    plugged = {
        link["ifname"] for link in json.loads(run("ip", "-json", "link")) if "UP" in link["flags"]
    }
    for node in topology.NODES.values():
        if node.link in plugged:
            run("ip", "route", "replace", str(topology.SERVICES), "via", str(node.address))
            return


def exists(node: NodeSpec) -> bool:
    return (NAMESPACES / node.namespace).exists()


def remove() -> None:
    """Take away links and namespaces, whichever of them are there. Routes go with the links."""
    for node in topology.NODES.values():
        if exists(node):
            run("ip", "netns", "delete", node.namespace)
        run("ip", "link", "delete", node.link, check=False)
    run("ip", "link", "delete", topology.BRIDGE, check=False)


def links() -> list[str]:
    ours = {topology.BRIDGE, *(node.link for node in topology.NODES.values())}
    return [
        link["ifname"] for link in json.loads(run("ip", "-json", "link")) if link["ifname"] in ours
    ]


def routes() -> list[str]:
    """Routes of this machine into the cluster's ranges."""
    found = []
    for route in json.loads(run("ip", "-json", "-4", "route")):
        if route["dst"] == "default":
            continue
        destination = IPv4Network(route["dst"], strict=False)
        if destination.overlaps(topology.VPC) or destination.overlaps(topology.SERVICES):
            found.append(f"{route['dst']} dev {route['dev']}")
    return found


def namespaces() -> list[str]:
    """Ours by name, and what CNI made for pods if it leaked out of a node."""
    ours = {node.namespace for node in topology.NODES.values()}
    names = [path.name for path in NAMESPACES.iterdir()] if NAMESPACES.exists() else []
    return [name for name in names if name in ours or name.startswith("cni-")]
