"""Waiting for a condition instead of sleeping."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_INTERVAL_SECONDS = 0.05


def wait_for(probe: Callable[[], T | None], *, seconds: float, what: str) -> T:
    """Return the probe's first true value, or fail with `what` was not seen and the last value."""
    deadline = time.monotonic() + seconds
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:.0f} s: {what} (last: {value!r})")
        time.sleep(_INTERVAL_SECONDS)
