"""Targets of pods, with the labels that `discovery.kubernetes` documents for role "pod". Pure.

Stdlib alone.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from e2e.monitoring.alloy.errors import AlloyError

_PREFIX = "__meta_kubernetes_"
_POD = f"{_PREFIX}pod_"
# Without those that are named after a label or an annotation.
META = frozenset(
    {
        f"{_PREFIX}namespace",
        *(
            f"{_POD}{name}"
            for name in (
                *("name", "ip", "phase", "ready", "node_name", "host_ip", "uid"),
                *("controller_kind", "controller_name", "container_init", "container_name"),
                *("container_id", "container_image", "container_port_name"),
                *("container_port_number", "container_port_protocol"),
            )
        ),
    }
)
META_PREFIXES = tuple(
    f"{_POD}{name}" for name in ("label_", "labelpresent_", "annotation_", "annotationpresent_")
)


def check_source(name: str) -> None:
    """Refuse a label that no target of a pod can ever have."""
    if name.startswith("__meta_") and name not in META and not name.startswith(META_PREFIXES):
        raise AlloyError(f"{name} is no label of a pod's target")


def targets(pod: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """One for each port of a container, or one where it has none; nothing for a pod without IP."""
    status = pod.get("status", {})
    if not status.get("podIP"):
        return
    common = _common(pod)
    for key, is_init in (("containers", "false"), ("initContainers", "true")):
        ids = {each["name"]: each for each in status.get(_STATUSES[key], ())}
        for container in pod["spec"].get(key, ()):
            labels = common | {
                f"{_POD}container_name": container["name"],
                f"{_POD}container_image": container.get("image", ""),
                f"{_POD}container_id": ids.get(container["name"], {}).get("containerID", ""),
                f"{_POD}container_init": is_init,
            }
            for port in container.get("ports") or (None,):
                yield labels | _port(port, status["podIP"])


_STATUSES = {"containers": "containerStatuses", "initContainers": "initContainerStatuses"}


def _common(pod: Mapping[str, Any]) -> dict[str, str]:
    metadata, status = pod["metadata"], pod["status"]
    conditions = {each["type"]: each["status"] for each in status.get("conditions", ())}
    labels = {
        f"{_PREFIX}namespace": metadata["namespace"],
        f"{_POD}name": metadata["name"],
        f"{_POD}uid": metadata["uid"],
        f"{_POD}ip": status["podIP"],
        f"{_POD}host_ip": status.get("hostIP", ""),
        f"{_POD}phase": status.get("phase", ""),
        f"{_POD}ready": conditions.get("Ready", "unknown").lower(),
        f"{_POD}node_name": pod["spec"].get("nodeName", ""),
    }
    for owner in metadata.get("ownerReferences", ()):
        if owner.get("controller"):
            labels[f"{_POD}controller_kind"] = owner["kind"]
            labels[f"{_POD}controller_name"] = owner["name"]
    for kind, key in (("label", "labels"), ("annotation", "annotations")):
        for name, value in (metadata.get(key) or {}).items():
            plain = re.sub(r"\W", "_", name, flags=re.ASCII)
            labels[f"{_POD}{kind}_{plain}"] = value
            labels[f"{_POD}{kind}present_{plain}"] = "true"
    return labels


def _port(port: Mapping[str, Any] | None, address: str) -> dict[str, str]:
    if port is None:
        return {"__address__": address}
    return {
        "__address__": f"{address}:{port['containerPort']}",
        f"{_POD}container_port_name": port.get("name", ""),
        f"{_POD}container_port_number": str(port["containerPort"]),
        f"{_POD}container_port_protocol": port.get("protocol", "TCP"),
    }
