"""Holds a PostgreSQL to the memory of a small machine, with cgroup v1 or v2."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.database import Postgres
from e2e.cluster import cgroups

GIBIBYTE = 1024**3
_GROUP = "obs-bench"

# What RDS sets for the memory of a db.t3.micro, by its formulas.
AS_ON_RDS = {
    "shared_buffers": "190MB",
    "effective_cache_size": "380MB",
    "work_mem": "4MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "300s",
}


def can_limit() -> bool:
    return os.geteuid() == 0 and cgroups.ROOT.exists()


@contextmanager
def small_machine(postgres: Postgres, name: str) -> Iterator[None]:
    """Restart the server as on a db.t3.micro, with 1 GiB for its processes and its page cache.

    What the page cache holds already counts for whoever read it first, so it is dropped.
    """
    group = f"{_GROUP}/{name}"
    postgres.server.stop()
    _drop_from_page_cache(postgres.server.data)
    cgroups.make(group)
    try:
        _limit(group)
        postgres.server.start(**AS_ON_RDS)
        for process in postgres.processes():
            _enter(group, process)
        yield
        postgres.server.stop()
    finally:
        cgroups.remove(group)


def _hierarchy() -> Path:
    return cgroups.ROOT if cgroups.is_unified() else cgroups.ROOT / "memory"


def _limit(group: str) -> None:
    file = "memory.max" if cgroups.is_unified() else "memory.limit_in_bytes"
    (_hierarchy() / group / file).write_text(str(GIBIBYTE))


def _enter(group: str, process: int) -> None:
    """Backends are forked later, and so begin in the group."""
    (_hierarchy() / group / "cgroup.procs").write_text(str(process))


def _drop_from_page_cache(folder: Path) -> None:
    os.sync()
    for path in folder.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)
