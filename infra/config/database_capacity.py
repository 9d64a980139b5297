"""What the classes of database_classes.yaml carry, and how many connections the platform needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

_DATA = Path(__file__).with_name("database_classes.yaml")


@dataclass(frozen=True, slots=True)
class DatabaseClass:
    vcpus: int
    memory_gib: int
    # What the parameter group sets.
    max_connections: int
    # arm64 or x86_64. RDS decides on the binaries, so a change is one like any other.
    architecture: str
    # In one zone of us-east-1.
    hourly_usd: float
    # None for a class that is not burstable.
    credits_per_hour: int | None = None

    @property
    def connection_budget(self) -> int:
        """Return how many connections the platform may use."""
        return int(self.max_connections * USABLE_CONNECTIONS)

    @property
    def credits_kept(self) -> int | None:
        """Return how many CPU credits it keeps at most, those of a day: db.t3.micro 288."""
        return None if self.credits_per_hour is None else self.credits_per_hour * 24


# The rest is for the surge of a rolling update, an operator's psql and PostgreSQL's reserve of
# three.
USABLE_CONNECTIONS = 0.8
# The worker has a pool of its own, and its job queue listens on one connection beside it.
WORKER_EXTRA_CONNECTIONS = 1
# A migration holds a lock on one connection and changes the schema on another.
MIGRATION_CONNECTIONS = 2
# postgres_exporter holds one connection and opens another for each scrape.
EXPORTER_CONNECTIONS = 2


@cache
def database_classes() -> Mapping[str, DatabaseClass]:
    """Return every class that this program knows, by its name."""
    rows = yaml.safe_load(_DATA.read_text())
    return {name: DatabaseClass(**row) for name, row in rows.items()}


def connection_demand(*, max_replicas: int, pool_size: int, exporter: bool) -> int:
    """Count the connections at full scale: API pods' pools, worker, migration and exporter."""
    worker = pool_size + WORKER_EXTRA_CONNECTIONS
    shown = EXPORTER_CONNECTIONS * exporter
    return max_replicas * pool_size + worker + MIGRATION_CONNECTIONS + shown
