"""Lines that show a long step is alive: at most one every few seconds, none for a quick step."""

import sys
import time

_QUIET_SECONDS = 5.0


class Progress:
    """Counts steps of a known total and prints `what: 412 of 1530` now and then."""

    def __init__(self, what: str, *, total: int) -> None:
        self._what = what
        self._total = total
        self._done = 0
        self._next = time.monotonic() + _QUIET_SECONDS

    def step(self, detail: str) -> str:
        """Count one step; gives `detail` back, so that a caller can keep the last ones."""
        self._done += 1
        if (now := time.monotonic()) >= self._next:
            self._next = now + _QUIET_SECONDS
            print(f"{self._what}: {self._done} of {self._total} packages", file=sys.stderr)
        return detail
