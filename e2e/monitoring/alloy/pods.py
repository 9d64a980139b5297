"""`discovery.kubernetes`: the pods that this program's account may see. Stdlib alone."""

import threading
import urllib.parse
from collections.abc import Mapping
from typing import Any

from e2e.load_balancer.fake_controller.api import Api
from e2e.monitoring.alloy import targets
from e2e.monitoring.alloy.errors import AlloyError
from e2e.monitoring.alloy.syntax import Block
from e2e.monitoring.alloy.values import arguments, choice

_WATCH_SECONDS = 3
_PAUSE_SECONDS = 1.0


class Discovery:
    """Lists, then watches until something happens, then lists again."""

    def __init__(self, block: Block, api: Api, environment: Mapping[str, str]) -> None:
        given = arguments(block, ("role",), blocks=("selectors",))
        choice(block, given["role"], ("pod",))
        self._query = _query(block, environment)
        self._api = api
        self._found: list[dict[str, str]] = []
        self._stop = threading.Event()
        # What the API server said last; empty when it answered.
        self.trouble = "not asked yet"

    @property
    def targets(self) -> list[dict[str, str]]:
        return self._found

    def start(self) -> None:
        threading.Thread(target=self._run, daemon=True).start()

    def stop(self) -> None:
        self._stop.set()

    def look(self) -> None:
        """Ask once; what was found before stays when there is no answer."""
        try:
            pods = self._api.items(f"/api/v1/pods{self._query}")
            self._found = [target for pod in pods for target in targets.targets(pod)]
            self._say("")
            self._api.wait_for_change(f"/api/v1/pods{self._query}", _WATCH_SECONDS)
        except (OSError, ValueError) as error:
            self._say(f"discovery.kubernetes: {error}")

    def _say(self, trouble: str) -> None:
        if trouble and trouble != self.trouble:
            print(trouble, flush=True)
        self.trouble = trouble

    def _run(self) -> None:
        while not self._stop.is_set():
            self.look()
            self._stop.wait(_PAUSE_SECONDS)


def _query(block: Block, environment: Mapping[str, str]) -> str:
    wanted: dict[str, Any] = {}
    for inner in block.blocks:
        given = arguments(inner, ("role", "field", "label"), environment=environment)
        if choice(inner, given["role"], ("pod",)) and wanted:
            raise AlloyError(f"line {inner.line}: a second selector for the role pod")
        names = {"field": "fieldSelector", "label": "labelSelector"}
        wanted = {names[name]: given[name] for name in names if name in given}
    return f"?{urllib.parse.urlencode(wanted)}" if wanted else ""
