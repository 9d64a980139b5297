"""Files of one running cluster, all under one directory that goes away with it."""

from pathlib import Path

# On a disk and not in /run: the nodes unpack images here, and some machines keep /run in memory.
DEFAULT_STATE = Path("/var/lib/observability-platform-e2e")


class Paths:
    def __init__(self, state: Path = DEFAULT_STATE) -> None:
        self.state = state
        self.pki = state / "pki"
        self.logs = state / "logs"
        self.processes = state / "processes"
        self.kubeconfig = state / "kubeconfig"  # of a cluster administrator
        # Kernel settings of the machine as they were before the cluster.
        self.machine_settings = state / "machine-settings.json"

    def node(self, name: str) -> Path:
        return self.state / "nodes" / name
