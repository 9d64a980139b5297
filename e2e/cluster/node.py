"""One node: a process tree in namespaces of its own, with its own containerd and kubelet."""

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from e2e.cluster import cgroups, network, node_files, processes, topology
from e2e.cluster.errors import ClusterError
from e2e.cluster.paths import Paths
from e2e.cluster.processes import Process
from e2e.cluster.shell import run
from e2e.cluster.topology import NodeSpec
from e2e.programs.build import Toolbox

_INIT = Path(__file__).with_name("node-init.sh")
_NAMESPACES = ("--mount", "--uts", "--ipc", "--pid")
_START_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Node:
    spec: NodeSpec
    paths: Paths
    tools: Toolbox

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def running(self) -> bool:
        return self._init() is not None

    def start(self) -> None:
        """Power on: for the first time, or after `kill`. Returns when containerd answers."""
        if self.running:
            raise ClusterError(f"{self.name} is running already")
        if network.exists(self.spec):
            network.plug(self.spec, connected=True)
        else:
            network.connect(self.spec)
        network.route_services()
        home = self.paths.node(self.name)
        for folder in ("lib", "log"):
            (home / folder).mkdir(parents=True, exist_ok=True)
        node_files.write(home / "etc", self.spec)
        group = cgroups.system_group_of(self.name)
        cgroups.make(group)
        processes.start(
            [*cgroups.entering(group), *self._enter_command()],
            name=self.name,
            records=self.paths.processes,
            log=self.paths.logs / f"{self.name}.log",
            environment=self._environment(),
            ready=self._containerd_answers,
            seconds=_START_SECONDS,
        )

    def kill(self) -> None:
        """Power cut: the cable first, then every process at once. The disk stays."""
        network.plug(self.spec, connected=False)
        outer, init = processes.recorded(self.paths.processes, self.name), self._init()
        tree = [process for process in (init, outer) if process is not None]
        for process in tree:
            process.send(signal.SIGKILL)
        # Process 1 goes last: when it is gone, everything in the node is.
        gone = processes.wait_until(
            lambda: not any(process.alive for process in tree), seconds=_START_SECONDS
        )
        if not gone:
            raise ClusterError(f"{self.name} did not end: see process {tree[0].pid}")
        # Else the next kubelet looks for each dead container, three seconds apiece.
        cgroups.remove(cgroups.group_of(self.name))
        network.route_services()

    def exec(self, *command: str, check: bool = True) -> str:
        """Run a command on the node, as root, with the node's own programs on its PATH."""
        return run(*self._inside(), *command, check=check)

    def load_image(self, archive: Path) -> None:
        """Import an image archive into containerd under the names it carries."""
        command = [*self._inside(), "ctr", "--namespace", "k8s.io", "images", "import", "-"]
        with archive.open("rb") as stream:
            done = subprocess.run(
                command, stdin=stream, capture_output=True, text=True, check=False
            )
        if done.returncode != 0:
            raise ClusterError(f"{self.name} cannot import {archive}: {done.stderr.strip()}")

    def tag_image(self, source: str, target: str) -> None:
        """Give an imported image one more name; replaces what had the name before."""
        self.exec("ctr", "--namespace", "k8s.io", "images", "tag", "--force", source, target)

    def image_names(self) -> set[str]:
        """Names that containerd has an image for."""
        return set(self.exec("ctr", "--namespace", "k8s.io", "images", "list", "--quiet").split())

    def admit_pods(self) -> None:
        """Let the kubelet start, now that the images it must not pull are there."""
        (self.paths.node(self.name) / "etc" / "images-ready").touch()

    def _containerd_answers(self) -> bool:
        init = self._init()
        return init is not None and bool(self.exec("ctr", "version", check=False))

    def _init(self) -> Process | None:
        outer = processes.recorded(self.paths.processes, self.name)
        if outer is None:
            return None
        pids = processes.read(outer.pid, f"task/{outer.pid}/children").split()
        return Process.of(int(pids[0])) if pids else None

    def _inside(self) -> list[str]:
        init = self._init()
        if init is None:
            raise ClusterError(f"{self.name} is not running")
        enter = ["nsenter", f"--target={init.pid}", "--net", *_NAMESPACES]
        return [*enter, "env", f"PATH={self._search_path()}"]

    def _enter_command(self) -> list[str]:
        # Not `ip netns exec`: it mounts a fresh /sys, which hides the cgroups from the kubelet.
        network_namespace = network.NAMESPACES / self.spec.namespace
        isolate = ["unshare", *_NAMESPACES, "--fork", "--kill-child", "--mount-proc"]
        return ["nsenter", f"--net={network_namespace}", *isolate, str(_INIT)]

    def _environment(self) -> dict[str, str]:
        labels = {
            "topology.kubernetes.io/region": topology.REGION,
            "topology.kubernetes.io/zone": self.spec.zone,
        }
        return {
            "PATH": self._search_path(),
            "NODE": self.name,
            "STATE": str(self.paths.state),
            "TOOLS": str(self.tools.root),
            "ADDRESS": str(self.spec.address),
            "LABELS": ",".join(f"{key}={value}" for key, value in labels.items()),
            "SERVICES": str(topology.SERVICES),
        }

    def _search_path(self) -> str:
        # The cache may lie where the node has a folder of its own: it is mounted at a fixed place.
        inside = [f"/run/node/tools/{directory.name}" for directory in self.tools.directories]
        return os.pathsep.join(
            [*inside, "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
        )
