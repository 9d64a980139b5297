"""What runs in the cluster itself: DNS and metrics, from images made here of static programs."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from e2e.cluster import node_files
from e2e.cluster.kubectl import Kubectl
from e2e.cluster.node import Node
from e2e.deploy.image.archive import static_image
from e2e.programs.build import Toolbox

MANIFESTS = Path(__file__).with_name("manifests")
_READY_SECONDS = 120
_IMAGES = {
    "pause": node_files.PAUSE_IMAGE,  # first: no pod starts without it
    "coredns": "registry.local/coredns:1",
    "metrics-server": "registry.local/metrics-server:1",
}
_DEPLOYMENTS = ("coredns", "metrics-server")


def load_images(tools: Toolbox, nodes: Sequence[Node]) -> None:
    """Import what the cluster's own pods need, and let the kubelets start."""
    with tempfile.TemporaryDirectory() as scratch:
        for program, name in _IMAGES.items():
            archive = Path(scratch) / f"{program}.image.tar"
            static_image(tools.program(program), archive, name=name, scratch=Path(scratch))
            for node in nodes:
                node.load_image(archive)
    for node in nodes:
        node.admit_pods()


def install(kubectl: Kubectl) -> None:
    """Return when DNS answers and the metrics API is served."""
    for addon in _DEPLOYMENTS:
        kubectl.apply(MANIFESTS / f"{addon}.yaml")
    wait = f"--timeout={_READY_SECONDS}s"
    for addon in _DEPLOYMENTS:
        rollout = ("rollout", "status", f"deployment/{addon}", "--namespace=kube-system", wait)
        kubectl(*rollout, seconds=_READY_SECONDS + 10)
    metrics = ("wait", "apiservice/v1beta1.metrics.k8s.io", "--for=condition=Available", wait)
    kubectl(*metrics, seconds=_READY_SECONDS + 10)
