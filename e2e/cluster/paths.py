"""Files of one running cluster, all under one directory that goes away with it."""

from dataclasses import dataclass
from pathlib import Path

# On a disk and not in /run: the nodes unpack images here, and some machines keep /run in memory.
DEFAULT_STATE = Path("/var/lib/observability-platform-e2e")


@dataclass(frozen=True, slots=True)
class Paths:
    state: Path = DEFAULT_STATE

    @property
    def pki(self) -> Path:
        return self.state / "pki"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def processes(self) -> Path:
        return self.state / "processes"

    @property
    def images(self) -> Path:
        return self.state / "images"

    @property
    def kubeconfig(self) -> Path:
        return self.state / "kubeconfig"

    @property
    def machine_settings(self) -> Path:
        """Kernel settings of the machine as they were before the cluster."""
        return self.state / "machine-settings.json"

    def node(self, name: str) -> Path:
        return self.state / "nodes" / name
