"""A running entrance, as a drill sees it."""

import json
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from e2e.cluster import processes
from e2e.load_balancer.errors import EntranceError

_NAME = "entrance"
# What the controller's chart would bring.
BINDING_DEFINITION = Path(__file__).with_name("target-group-binding-crd.yaml")
BINDING_CRD = "crd/targetgroupbindings.elbv2.k8s.aws"
_REPOSITORY = Path(__file__).parents[2]
_START_SECONDS = 20


class Entrance:
    """Get one from `start`. It outlives this process, until `stop` or the cluster's `down`."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._directory = state / _NAME

    @classmethod
    def start(
        cls,
        *,
        state: Path,
        kubeconfig: Path,
        target_group: Path,
        port: int = 0,
        lag: float = 2.0,
    ) -> Self:
        """Start in the background; `state` is the cluster's, `target_group` the recorded JSON.

        Its name may be a pattern, whose newest match counts, and it may come later: until then no
        target is registered.
        """
        entrance = cls(state)
        entrance.stop()
        entrance._directory.mkdir(parents=True, exist_ok=True)
        entrance._announcement.unlink(missing_ok=True)
        flags = {
            "kubeconfig": kubeconfig,
            "target-group": target_group,
            "state": entrance._directory,
            "port": port,
            "lag": lag,
        }
        command = [sys.executable, "-m", "e2e.load_balancer"]
        process = processes.start(
            [*command, *(f"--{name}={value}" for name, value in flags.items())],
            name=_NAME,
            records=state / "processes",
            log=state / "logs" / f"{_NAME}.log",
            environment={"PYTHONPATH": str(_REPOSITORY), "PYTHONUNBUFFERED": "1"},
        )
        processes.wait_until(
            lambda: entrance._announcement.exists() or not process.alive, seconds=_START_SECONDS
        )
        if not entrance._announcement.exists():
            raise EntranceError(f"the entrance did not start: see {state}/logs/{_NAME}.log")
        return entrance

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where clients send requests."""
        return self._urls()["url"]

    def counts(self) -> Mapping[str, object]:
        """Ask for requests, failures and their reasons since the start; see `counts.py`."""
        return cast("Mapping[str, object]", self._look("/counts"))

    def targets(self) -> dict[str, str]:
        """State by address, such as `{"10.0.11.130:8000": "healthy"}`."""
        found = cast("list[dict[str, str]]", self._look("/targets"))
        return {target["address"]: target["state"] for target in found}

    def wait_healthy(self, count: int, *, seconds: float = 60) -> None:
        """Return when at least `count` targets are healthy."""
        enough = processes.wait_until(lambda: self._healthy() >= count, seconds=seconds)
        if not enough:
            raise EntranceError(f"not {count} healthy targets in {seconds:.0f} s: {self.targets()}")

    def stop(self) -> None:
        if process := processes.recorded(self._state / "processes", _NAME):
            process.stop()

    def _healthy(self) -> int:
        return list(self.targets().values()).count("healthy")

    @property
    def _announcement(self) -> Path:
        return self._directory / "entrance.json"

    def _urls(self) -> dict[str, str]:
        return cast("dict[str, str]", json.loads(self._announcement.read_text()))

    def _look(self, path: str) -> object:
        url = self._urls()["inside"] + path
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - http, 127.0.0.1, ours
            return json.load(answer)
