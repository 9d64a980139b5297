"""The image runs as the chart runs it: not as root, on a file system that cannot be written."""

import signal

import pytest

from e2e.cluster.cluster import Cluster
from e2e.deploy.image.backend import build

pytestmark = pytest.mark.timeout(400)  # the first test waits for the cluster and both imports

REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com/backend"
POD = """
apiVersion: v1
kind: Pod
metadata: {{name: {name}}}
spec:
  nodeName: {node}
  restartPolicy: {restart}
  automountServiceAccountToken: false
  enableServiceLinks: false
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    seccompProfile: {{type: RuntimeDefault}}
  containers:
    - name: main
      image: {image}
      command: [python, -c, {code!r}]
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {{drop: [ALL]}}
"""
IMPORTS = "import os, uvicorn, backend.app; print(os.getuid(), backend.app.__file__)"
EXTRA = "import backend.drill; print(backend.drill.NAME)"


def output(cluster: Cluster, name: str, node: str, tag: str, code: str) -> str:
    """Run code in the image on a node, and give what it printed."""
    image = f"{REGISTRY}:{tag}"
    cluster.kubectl.apply(POD.format(name=name, node=node, image=image, code=code, restart="Never"))
    done = "--for=jsonpath={.status.phase}=Succeeded"
    cluster.kubectl("wait", f"pod/{name}", done, "--timeout=60s", check=False)
    return cluster.kubectl("logs", name).strip()


@pytest.fixture(scope="module")
def loaded(cluster: Cluster) -> Cluster:
    """Two contents under the names the chart uses, one of them under two tags."""
    plain, drill = build(), build(extra={"backend/drill.py": 'NAME = "drill"\n'})
    for image in (plain, drill):
        cluster.load_image(image.archive)
    cluster.tag_image(plain.name, f"{REGISTRY}:0.1.0")
    cluster.tag_image(plain.name, f"{REGISTRY}:0.1.1")
    cluster.tag_image(drill.name, f"{REGISTRY}:drill")
    return cluster


@pytest.mark.parametrize("node", ["node-a", "node-b"])
@pytest.mark.parametrize("tag", ["0.1.0", "0.1.1"])
def test_the_backend_imports_as_a_user_without_rights(loaded: Cluster, node: str, tag: str) -> None:
    name = f"imports-{node}-{tag.replace('.', '-')}"
    assert output(loaded, name, node, tag, IMPORTS) == "10001 /app/backend/app.py"


def test_contents_with_one_more_file_are_another_image(loaded: Cluster) -> None:
    assert output(loaded, "extra", "node-a", "drill", EXTRA) == "drill"


def test_a_container_can_be_killed_from_its_node(loaded: Cluster) -> None:
    code = "import time; time.sleep(600)"
    image = f"{REGISTRY}:0.1.0"
    pod = POD.format(name="victim", node="node-b", image=image, code=code, restart="Always")
    loaded.kubectl.apply(pod)
    loaded.kubectl("wait", "pod/victim", "--for=condition=Ready", "--timeout=60s")
    loaded.signal_container("default", "victim", "main", signal.SIGKILL)
    restarted = "--for=jsonpath={.status.containerStatuses[0].restartCount}=1"
    loaded.kubectl("wait", "pod/victim", restarted, "--timeout=60s")
    path = "jsonpath={.status.containerStatuses[0].lastState.terminated.exitCode}"
    assert loaded.kubectl("get", "pod", "victim", "--output", path) == "137"
