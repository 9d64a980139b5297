"""A running load balancer, as a drill sees it."""

import sys
from pathlib import Path
from typing import Self

from e2e.cluster import processes
from e2e.load_balancer import haproxy

_NAME = "load-balancer"
# What the controller's chart would bring.
BINDING_DEFINITION = Path(__file__).with_name("target-group-binding-crd.yaml")
BINDING_CRD = "crd/targetgroupbindings.elbv2.k8s.aws"
READINESS_GATES = Path(__file__).with_name("readiness-gates.yaml")
_REPOSITORY = Path(__file__).parents[2]


def directory_in(state: Path) -> Path:
    """HAProxy's, in the cluster's."""
    return state / _NAME


class LoadBalancer:
    """Get one from `start`. It outlives this process, until `stop` or the cluster's `down`."""

    def __init__(self, state: Path, port: int) -> None:
        self.url = f"http://{haproxy.HOST}:{port}"
        self._directory = directory_in(state)
        self._processes = state / "processes"

    @classmethod
    def start(cls, *, state: Path, target_group: Path, rules: Path, port: int) -> Self:
        """Start in the background; `state` is the cluster's.

        `target_group` and `rules` are patterns of the recorded JSON files, which may come later:
        until then no target is registered.
        """
        load_balancer = cls(state, port)
        load_balancer.stop()
        load_balancer._directory.mkdir(parents=True, exist_ok=True)
        flags = {"state": state, "target-group": target_group, "rules": rules, "port": port}
        command = [sys.executable, "-m", "e2e.load_balancer"]
        processes.start(
            [*command, *(f"--{name}={value}" for name, value in flags.items())],
            name=_NAME,
            records=load_balancer._processes,
            log=state / "logs" / f"{_NAME}.log",
            environment={"PYTHONPATH": str(_REPOSITORY), "PYTHONUNBUFFERED": "1"},
            ready=lambda: haproxy.is_up(load_balancer._directory),
        )
        return load_balancer

    def targets(self) -> dict[str, str]:
        """State by address, such as `{"10.0.11.130:8000": "healthy"}`."""
        return haproxy.states(self._directory)

    def stop(self) -> None:
        if process := processes.recorded(self._processes, _NAME):
            process.stop()
