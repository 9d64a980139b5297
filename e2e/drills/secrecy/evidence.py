"""What people and programs get to see of a deployed platform: objects, releases, logs, outputs."""

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

from e2e.drills.looks import IN_NAMESPACE
from e2e.platform.platform import Platform
from infra.naming import MONITORING_NAMESPACE, RELEASE

# Everything that is no Secret and that a person or a program writes text into.
_KINDS = (
    "configmaps,pods,deployments,replicasets,jobs,services,events,"
    "horizontalpodautoscalers,mutatingwebhookconfigurations,nodes,statefulsets,daemonsets"
)
_OF_MONITORING = ",prometheuses,alertmanagers,prometheusrules,servicemonitors,scrapeconfigs"
_IN_MONITORING = f"--namespace={MONITORING_NAMESPACE}"
_HELM = "--field-selector=type=helm.sh/release.v1"


def of_cluster(platform: Platform) -> Iterator[tuple[str, bytes]]:
    """Yield what the cluster shows, by name."""
    kubectl = platform.kubectl
    kinds = _KINDS + _OF_MONITORING if platform.stack.monitored else _KINDS
    yield "objects", kubectl("get", kinds, "--all-namespaces", "--output=json").encode()
    for item in json.loads(kubectl("get", "secrets", "--all-namespaces", _HELM, "--output=json"))[
        "items"
    ]:
        name = f"Helm release {item['metadata']['name']}"
        # Helm's own base64 inside the Secret's.
        yield name, gzip.decompress(base64.b64decode(base64.b64decode(item["data"]["release"])))
    of_ours = (f"--selector=app.kubernetes.io/instance={RELEASE}", IN_NAMESPACE)
    every = ("--all-containers", "--tail=-1", "--max-log-requests=50")
    yield "logs of pods", kubectl("logs", *of_ours, *every, check=False).encode()
    if platform.stack.monitored:
        for pod in kubectl("get", "pods", _IN_MONITORING, "--output=name").split():
            logs = kubectl("logs", pod, _IN_MONITORING, "--all-containers", check=False)
            yield f"logs of {pod}", logs.encode()
    yield "outputs", json.dumps(platform.engine.outputs()).encode()


def of_files(directory: Path, spared: frozenset[Path]) -> Iterator[tuple[str, bytes]]:
    """Yield the files below a directory, but for what is spared with all that is below it."""
    for path in sorted(directory.iterdir()):
        if path in spared or path.is_symlink():
            continue
        if path.is_dir():
            yield from of_files(path, spared)
        elif path.is_file():
            try:
                yield str(path), path.read_bytes()
            except FileNotFoundError:  # logs rotate, the engine replaces its state
                continue
