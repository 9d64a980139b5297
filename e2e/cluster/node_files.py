"""The configuration files of one node. Paths are as the node sees them: /run/node is its own."""

import json
import os
from pathlib import Path
from typing import TypeAlias

from e2e.cluster import cgroups, topology
from e2e.cluster.topology import NodeSpec
from infra.validation import pod_requests

PAUSE_IMAGE = "registry.local/pause:1"
POD_BRIDGE = "cni0"

# What a t3.medium leaves to pods, whatever this machine has: what fits here fits there.
_ALLOCATABLE = pod_requests.allocatable("t3.medium", topology.PODS_PER_NODE)

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | bool"


def write(directory: Path, node: NodeSpec) -> None:
    """Fill the folder that the node has as /run/node/etc."""
    (directory / "cni").mkdir(parents=True, exist_ok=True)
    (directory / "containerd.toml").write_text(_CONTAINERD)
    _write_json(directory / "cni" / "10-pods.conflist", _pod_network(node))
    _write_json(directory / "kubelet.json", _kubelet(node))
    _write_json(directory / "kube-proxy.json", _kube_proxy())


def _write_json(path: Path, value: Json) -> None:
    path.write_text(json.dumps(value, indent=1))


# Debian's containerd 1.6: snapshotters that kernels lack are off, the sandbox image is imported and
# never pulled, and lowering a process's OOM score is not allowed everywhere.
_CONTAINERD = f"""\
version = 2
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
]

[plugins."io.containerd.internal.v1.opt"]
  path = "/var/lib/containerd/opt"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  restrict_oom_score_adj = true

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/run/node/etc/cni"
"""


def _pod_network(node: NodeSpec) -> Json:
    ipam: Json = {
        "type": "host-local",
        "ranges": [[{"subnet": str(node.pods)}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    # No masquerade: as with the VPC CNI, a pod keeps its own address towards others.
    bridge: Json = {
        "type": "bridge",
        "bridge": POD_BRIDGE,
        "isGateway": True,
        "hairpinMode": True,
        "ipam": ipam,
    }
    ports: Json = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "0.4.0", "name": "pods", "plugins": [bridge, ports]}


def _kubelet(node: NodeSpec) -> Json:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": "/run/node/pki/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"/run/node/pki/{node.name}.crt",
        "tlsPrivateKeyFile": f"/run/node/pki/{node.name}.key",
        "clusterDNS": [str(topology.DNS_SERVICE)],
        "clusterDomain": topology.CLUSTER_DOMAIN,
        "resolvConf": "",  # there is no DNS server outside
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{cgroups.group_of(node.name)}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "makeIPTablesUtilChains": False,  # kube-proxy makes what it needs
        "maxPods": topology.PODS_PER_NODE,
        "systemReserved": _reserved(),
        "evictionHard": {
            "memory.available": f"{pod_requests.EVICTION_RESERVE}Mi",
            # The disk is the machine's, and how full it is says nothing about the nodes.
            "nodefs.available": "1%",
            "imagefs.available": "1%",
            "nodefs.inodesFree": "1%",
        },
        "imageGCHighThresholdPercent": 100,
    }


def _reserved() -> Json:
    """Everything of this machine that a t3.medium would not give to pods."""
    cores = os.cpu_count() or 1
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
    memory = max(0, total - _ALLOCATABLE.memory - pod_requests.EVICTION_RESERVE)
    return {
        "cpu": f"{max(0, cores * 1000 - _ALLOCATABLE.cpu)}m",
        "memory": f"{memory}Mi",
    }


def _kube_proxy() -> Json:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",  # as the EKS add-on
        # Only what does not come from a pod is masqueraded on its way to a Service.
        "detectLocalMode": "BridgeInterface",
        "detectLocal": {"bridgeInterface": POD_BRIDGE},
        "clientConnection": {"kubeconfig": "/run/node/pki/kube-proxy.conf"},
        # The limit is the machine's, not a namespace's: leave it alone.
        "conntrack": {"maxPerCore": 0, "min": 0},
    }
