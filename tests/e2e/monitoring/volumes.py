"""The storage driver stand-in beside a cluster: provisioner.py in a process of its own."""

import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.e2e.cluster import processes
from tests.e2e.cluster.cluster import Cluster
from tests.e2e.monitoring.errors import MonitoringError

_NAME = "volumes"
_REPOSITORY = Path(__file__).parents[3]
_START_SECONDS = 0.5


class Volumes:
    """Get it from `start`. It outlives this process, until `stop` or the cluster's `down`.

    Folders of volumes are the nodes' own files, and go with them.
    """

    def __init__(self, state: Path) -> None:
        self._state = state

    @classmethod
    def start(cls, cluster: Cluster) -> Self:
        """Give volumes to the cluster's claims from now on; one that runs already is replaced."""
        volumes = cls(cluster.paths.state)
        volumes.stop()
        process = processes.start(
            [
                *(sys.executable, "-m", "tests.e2e.monitoring.provisioner"),
                f"--state={cluster.paths.state}",
            ],
            name=_NAME,
            records=cluster.paths.processes,
            log=cluster.paths.logs / f"{_NAME}.log",
            environment={"PYTHONPATH": str(_REPOSITORY), "PYTHONUNBUFFERED": "1"},
        )
        if processes.wait_until(lambda: not process.alive, seconds=_START_SECONDS):
            raise MonitoringError(f"no volumes will come: see {cluster.paths.logs}/{_NAME}.log")
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
