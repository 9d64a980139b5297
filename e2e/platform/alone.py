"""One run at a time: a second one would take the first one's cluster for a leftover."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from e2e.platform.errors import PlatformError
from e2e.programs.cache import cache_directory


@contextmanager
def alone() -> Iterator[None]:
    """Hold the machine while the context is open; raises when somebody else does."""
    # Programs that are started meanwhile do not inherit the lock.
    with (cache_directory() / "run.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PlatformError(
                "another run of the end-to-end tests is under way, and there is room for one"
                " cluster on a machine: wait for it, or end it first"
            ) from None
        yield
