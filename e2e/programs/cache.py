"""Where what is built outlives a checkout, and how two runs do not build the same thing twice."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = "observability-platform-e2e"


def cache_directory() -> Path:
    """`$XDG_CACHE_HOME`, else /var/cache for root and ~/.cache for everyone else."""
    configured = os.environ.get("XDG_CACHE_HOME")
    base = Path("/var/cache") if os.geteuid() == 0 else Path.home() / ".cache"
    directory = (Path(configured) if configured else base) / NAME
    directory.mkdir(parents=True, exist_ok=True)
    return directory


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait for whoever else holds the lock file `path`, then hold it."""
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
