"""A running load balancer, as a drill sees it."""

import sys
from pathlib import Path
from typing import Self

from e2e.cluster import processes
from e2e.load_balancer import haproxy
from e2e.load_balancer.errors import LoadBalancerError

_NAME = "load-balancer"
# What the controller's chart would bring.
BINDING_DEFINITION = Path(__file__).with_name("target-group-binding-crd.yaml")
BINDING_CRD = "crd/targetgroupbindings.elbv2.k8s.aws"
_REPOSITORY = Path(__file__).parents[2]
_START_SECONDS = 20


class LoadBalancer:
    """Get one from `start`. It outlives this process, until `stop` or the cluster's `down`."""

    def __init__(self, state: Path) -> None:
        self.directory = state / _NAME
        self._announcement = self.directory / "url"
        self._processes = state / "processes"

    @classmethod
    def start(cls, *, state: Path, target_group: Path, rules: Path, port: int) -> Self:
        """Start in the background; `state` is the cluster's.

        `target_group` and `rules` are patterns of the recorded JSON files, which may come later:
        until then no target is registered.
        """
        load_balancer = cls(state)
        load_balancer.stop()
        load_balancer.directory.mkdir(parents=True, exist_ok=True)
        load_balancer._announcement.unlink(missing_ok=True)
        flags = {"state": state, "target-group": target_group, "rules": rules, "port": port}
        command = [sys.executable, "-m", "e2e.load_balancer"]
        log = state / "logs" / f"{_NAME}.log"
        process = processes.start(
            [*command, *(f"--{name}={value}" for name, value in flags.items())],
            name=_NAME,
            records=load_balancer._processes,
            log=log,
            environment={"PYTHONPATH": str(_REPOSITORY), "PYTHONUNBUFFERED": "1"},
        )
        processes.wait_until(
            lambda: load_balancer._announcement.exists() or not process.alive,
            seconds=_START_SECONDS,
        )
        if not load_balancer._announcement.exists():
            raise LoadBalancerError(f"the load balancer did not start: see {log}")
        return load_balancer

    def announce(self, url: str) -> None:
        """Write where it listens, whole or not at all: what `start` waits for."""
        unfinished = self._announcement.with_suffix(".partial")
        unfinished.write_text(url)
        unfinished.rename(self._announcement)

    @property
    def url(self) -> str:
        """Where clients send requests."""
        return self._announcement.read_text()

    def targets(self) -> dict[str, str]:
        """State by address, such as `{"10.0.11.130:8000": "healthy"}`."""
        return haproxy.states(self.directory)

    def stop(self) -> None:
        if process := processes.recorded(self._processes, _NAME):
            process.stop()
