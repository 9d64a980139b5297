"""What of the cluster is still on this machine. After `down` the answer must be: nothing."""

from collections.abc import Iterator
from pathlib import Path

from e2e.cluster import cgroups, machine_settings, network, processes
from e2e.cluster.paths import Paths
from e2e.cluster.shell import run

# Where a containerd, kubelet or CNI plugin that escaped from its node's mounts would have written.
_FOLDERS = (
    "/run/containerd",
    "/run/node",
    "/var/lib/kubelet",
    "/var/lib/cni",
    "/var/log/pods",
    "/etc/cni/net.d",
)
# With one of these on the machine, the folders above may well be its own.
_RUNTIMES = {"containerd", "dockerd", "kubelet"}
_RULE_MARKS = ("KUBE-", "CNI-", "kube-proxy")


def find(paths: Paths) -> list[str]:
    """One line for each thing, such as `process 4711: kubelet --config ...`."""
    return [
        f"{kind}: {what}"
        for kind, source in (
            ("process", _processes(paths)),
            ("mount", _mounts(paths)),
            ("network namespace", network.namespaces()),
            ("link", network.links()),
            ("route", network.routes()),
            ("packet filter rule", _rules()),
            ("IP set", _ip_sets()),
            ("cgroup", map(str, cgroups.existing())),
            ("folder", _folders(paths)),
            ("kernel setting", machine_settings.changed(paths.machine_settings)),
        )
        for what in source
    ]


def _processes(paths: Paths) -> Iterator[str]:
    for process in processes.marked(paths.state):
        yield f"{process.pid} {process.command_line[:100]}"
    for group in cgroups.existing():
        for procs in group.rglob("cgroup.procs"):
            for pid in procs.read_text().split():
                yield f"{pid} in {procs.parent}"


def _folders(paths: Paths) -> Iterator[str]:
    running = set(processes.every()) - set(processes.marked(paths.state))
    others = any(processes.read(one.pid, "comm").decode().strip() in _RUNTIMES for one in running)
    for name in (str(paths.state), *(() if others else _FOLDERS)):
        if Path(name).exists():
            yield name


def _mounts(paths: Paths) -> Iterator[str]:
    places = (
        str(paths.state),
        "/run/netns/obs-",
        "/run/netns/cni-",
        "/run/containerd",
        "/run/node",
    )
    for line in Path("/proc/self/mounts").read_text().splitlines():
        if (target := line.split()[1]).startswith(places):
            yield target


def _rules() -> Iterator[str]:
    for line in run("iptables-save", check=False).splitlines():
        if any(mark in line for mark in _RULE_MARKS):
            yield line


def _ip_sets() -> list[str]:
    return [name for name in run("ipset", "list", "-name").split() if name.startswith("KUBE-")]
