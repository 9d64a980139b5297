"""The storage driver stand-in beside a cluster: provisioner.py in a process of its own."""

import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from e2e.cluster import processes
from e2e.cluster.cluster import Cluster
from e2e.monitoring.errors import MonitoringError
from e2e.monitoring.provisioner import ready_file

_NAME = "volumes"
_REPOSITORY = Path(__file__).parents[2]
_START_SECONDS = 20


class Volumes:
    """Get it from `start`. It outlives this process, until `stop` or the cluster's `down`.

    Folders of volumes are the nodes' own files, and go with them.
    """

    def __init__(self, state: Path) -> None:
        self._state = state

    @classmethod
    def start(cls, cluster: Cluster) -> Self:
        """Give volumes to the cluster's claims from now on; one that runs already is replaced."""
        paths = cluster.paths
        volumes, ready = cls(paths.state), ready_file(paths.state)
        volumes.stop()
        ready.unlink(missing_ok=True)
        module = "e2e.monitoring.provisioner"
        process = processes.start(
            [sys.executable, "-m", module, f"--state={paths.state}"],
            name=_NAME,
            records=paths.processes,
            log=paths.logs / f"{_NAME}.log",
            environment={"PYTHONPATH": str(_REPOSITORY), "PYTHONUNBUFFERED": "1"},
        )
        processes.wait_until(lambda: ready.exists() or not process.alive, seconds=_START_SECONDS)
        if not ready.exists():
            volumes.stop()
            raise MonitoringError(f"no volumes will come: see {paths.logs}/{_NAME}.log")
        return volumes

    @property
    def running(self) -> bool:
        return processes.recorded(self._state / "processes", _NAME) is not None

    def stop(self) -> None:
        if process := processes.recorded(self._state / "processes", _NAME):
            process.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
