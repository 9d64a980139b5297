"""What the machine must be able to do; each thing it cannot is one sentence with the remedy."""

import os
import platform
import shutil
import socket
from pathlib import Path

from e2e.cluster import cgroups, network, topology
from e2e.cluster.errors import PreconditionError
from e2e.cluster.paths import Paths

_INSTALL = "run e2e/programs/packages.sh"
_PROGRAMS = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "iptables-save": "iptables",
    "ipset": "ipset",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "modprobe": "kmod",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "unshare": "util-linux",
    "sysctl": "procps",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
}
_KERNEL_FILES = {
    "/proc/sys/net/bridge/bridge-nf-call-iptables": "br_netfilter",
    "/proc/sys/net/netfilter/nf_conntrack_max": "nf_conntrack",
}
_FREE_MEMORY_MEBIBYTES = 2500
_FREE_DISK_GIBIBYTES = 4
_IP_FREEBIND = 15  # linux/in.h; Python's socket module does not have it


def check(paths: Paths) -> None:
    """Raise for the first thing that is in the way. Changes nothing."""
    check_machine()
    _check_room(paths.state)
    cgroups.check()
    network.check()
    _check_port()


def check_machine() -> None:
    """Raise for the first thing that would be in the way also if nothing ran here."""
    if os.geteuid() != 0:
        raise PreconditionError("the cluster needs root: it makes namespaces, links and mounts")
    if platform.machine() != "x86_64":
        raise PreconditionError(
            f"the images are for x86_64, and this machine is {platform.machine()}"
        )
    for program, package in _PROGRAMS.items():
        if shutil.which(program) is None:
            raise PreconditionError(f"{program} is missing (Debian's {package}): {_INSTALL}")
    for file, module in _KERNEL_FILES.items():
        if not Path(file).exists():
            raise PreconditionError(f"the kernel lacks {module}: run `modprobe {module}`")


def _check_room(state: Path) -> None:
    memory = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    available = int(memory["MemAvailable"].split()[0]) // 2**10
    if available < _FREE_MEMORY_MEBIBYTES:
        raise PreconditionError(
            f"only {available} MiB of memory are available: {_FREE_MEMORY_MEBIBYTES} are needed"
        )
    existing = next(folder for folder in (state, *state.parents) if folder.exists())
    free = shutil.disk_usage(existing).free // 2**30
    if free < _FREE_DISK_GIBIBYTES:
        raise PreconditionError(
            f"only {free} GiB are free on {existing}: {_FREE_DISK_GIBIBYTES} are needed"
        )


def _check_port() -> None:
    """Somebody who listens on every address of the machine has the API server's port too."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_IP, _IP_FREEBIND, 1)
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((str(topology.API_SERVER), topology.API_SERVER_PORT))
        except OSError as error:
            raise PreconditionError(
                f"port {topology.API_SERVER_PORT} is in use on all addresses of this machine: "
                "end that server, the cluster's API server needs the port"
            ) from error
