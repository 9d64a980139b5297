"""What the platform must know of a program's pods. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Workload:
    """Millicores and MiB of one pod; how many there are; how many more a rolling update makes."""

    name: str
    cpu: int
    memory: int
    pods: int = 1
    per_node: bool = False
    surge: int = 0


@dataclass(frozen=True, slots=True)
class Pods:
    """The pods of one program in the namespace `monitoring`."""

    name: str
    requests: Workload
    # No other pods have these labels. Empty on the node's network, which policies do not cover.
    labels: Mapping[str, str] = field(default_factory=dict)


def of_release(name: str, release: str) -> Mapping[str, str]:
    """Return the labels that most charts give their pods."""
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": release}


def volume_claim(storage_class: str, gigabytes: int) -> dict[str, object]:
    """Return the spec of a PersistentVolumeClaim."""
    return {
        "storageClassName": storage_class,
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": f"{gigabytes}Gi"}},
    }
