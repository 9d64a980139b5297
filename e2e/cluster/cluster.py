"""The whole cluster: up, what a test does with it, down."""

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Self

from e2e.cluster import (
    addons,
    leftovers,
    machine_settings,
    network,
    pki,
    preconditions,
    processes,
    teardown,
    topology,
)
from e2e.cluster.control_plane import ControlPlane
from e2e.cluster.errors import ClusterError
from e2e.cluster.kubectl import Kubectl
from e2e.cluster.node import Node
from e2e.cluster.paths import DEFAULT_STATE, Paths
from e2e.programs.build import Toolbox, ensure
from e2e.programs.catalogue import modules_of

MODULES = ("kubernetes", "etcd", "coredns", "metrics-server", "kube-router", "pause")
_READY_SECONDS = 120


class Cluster:
    """A running cluster. Get one from `up`, or from `attach` when it runs already."""

    def __init__(self, paths: Paths, tools: Toolbox) -> None:
        self.paths = paths
        self.tools = tools
        self.kubectl = Kubectl(tools.program("kubectl"), paths.kubeconfig)
        self._control_plane = ControlPlane(paths, tools)
        self._nodes = {letter: Node(spec, paths, tools) for letter, spec in topology.NODES.items()}

    @classmethod
    def up(
        cls,
        *,
        state: Path = DEFAULT_STATE,
        nodes: str = "ab",
        say: Callable[[str], None] = print,
    ) -> Self:
        """Remove what an earlier run left; return when nodes, DNS and metrics are ready.

        `nodes` are letters of zones; with none there is an API server that accepts everything and
        runs nothing.
        """
        paths = Paths(state)
        tools = ensure(modules_of(MODULES))
        if found := leftovers.find(paths):
            say(f"removing what an earlier run left ({len(found)} things)")
            teardown.down(paths)
        preconditions.check(paths)
        cluster = cls(paths, tools)
        try:
            cluster._start(nodes, say)
        except BaseException:
            say(f"logs are kept in {teardown.keep_logs(paths)}")
            cluster.down()
            raise
        return cluster

    @classmethod
    def attach(cls, *, state: Path = DEFAULT_STATE) -> Self:
        """Find the cluster that another process brought up."""
        paths = Paths(state)
        if processes.recorded(paths.processes, "kube-apiserver") is None:
            raise ClusterError(f"no cluster runs from {state}: bring one up first")
        return cls(paths, ensure(modules_of(MODULES)))

    def node(self, letter: str) -> Node:
        """Give the node in us-east-1`letter`, running or not."""
        return self._nodes[letter]

    def nodes(self) -> list[Node]:
        """Those that run."""
        return [node for node in self._nodes.values() if node.running]

    def wait_for_nodes(self) -> None:
        """Return when every running node is registered and Ready."""
        names = [node.name for node in self.nodes()]
        wait = ("wait", "node", "--for=condition=Ready", f"--timeout={_READY_SECONDS}s")
        for name in names:
            # `wait` fails for a node that has not registered yet.
            if not processes.wait_until(partial(self._knows, name), seconds=_READY_SECONDS):
                raise ClusterError(f"{name} did not register: see {self.paths.node(name)}/log")
        self.kubectl(*wait, *names, seconds=_READY_SECONDS + 10)

    def load_image(self, archive: Path) -> None:
        """Import an archive on every running node."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda node: node.load_image(archive), self.nodes()))

    def tag_image(self, source: str, target: str) -> None:
        """One more name for an imported image, on every running node."""
        for node in self.nodes():
            node.tag_image(source, target)

    def image_names(self) -> set[str]:
        """Names that every running node has an image for."""
        return set.intersection(*(node.image_names() for node in self.nodes()))

    def down(self) -> list[str]:
        """End and remove everything; gives back what is left, which should be nothing."""
        return teardown.down(self.paths)

    def _start(self, letters: str, say: Callable[[str], None]) -> None:
        self.paths.state.mkdir(parents=True)
        machine_settings.remember(self.paths.machine_settings)
        pki.write_all(self.paths.pki)
        shutil.copy2(self.paths.pki / "admin.conf", self.paths.kubeconfig)
        network.make_vpc()
        self._control_plane.start()
        self.kubectl.apply(addons.MANIFESTS / "network.yaml")
        say("API server ready")
        if not letters:
            return
        nodes = [self._nodes[letter] for letter in letters]
        for node in nodes:
            node.start()
        addons.load_images(self.tools, nodes)
        self.wait_for_nodes()
        say("nodes Ready")
        addons.install(self.kubectl)
        say("DNS and metrics ready")

    def _knows(self, name: str) -> bool:
        return bool(self.kubectl("get", "node", name, "--ignore-not-found", "--output=name"))
