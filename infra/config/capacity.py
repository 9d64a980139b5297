"""The capacity of instance types and database classes. Pure arithmetic over tables.

Sizes are AWS's published ones (aws.amazon.com/ec2/instance-types, …/rds/instance-types).
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    vcpus: int
    memory_gib: int


# x86 only: the backend's image and the AL2023 machine image of the node groups are x86_64.
INSTANCE_TYPES: Mapping[str, Size] = {
    "t3.medium": Size(2, 4),
    "t3.large": Size(2, 8),
    "t3.xlarge": Size(4, 16),
    "t3a.medium": Size(2, 4),
    "t3a.large": Size(2, 8),
    "t3a.xlarge": Size(4, 16),
    "m6i.large": Size(2, 8),
    "m6i.xlarge": Size(4, 16),
    "m7i.large": Size(2, 8),
    "m7i.xlarge": Size(4, 16),
    "m7i-flex.large": Size(2, 8),
    "m7i-flex.xlarge": Size(4, 16),
}

DATABASE_CLASSES: Mapping[str, Size] = {
    "db.t3.micro": Size(2, 1),
    "db.t3.small": Size(2, 2),
    "db.t3.medium": Size(2, 4),
    "db.t3.large": Size(2, 8),
    "db.t4g.micro": Size(2, 1),
    "db.t4g.small": Size(2, 2),
    "db.t4g.medium": Size(2, 4),
    "db.t4g.large": Size(2, 8),
    "db.m6g.large": Size(2, 8),
    "db.m7g.large": Size(2, 8),
    "db.m7g.xlarge": Size(4, 16),
    "db.r7g.large": Size(2, 16),
}

# The CPU credits that a burstable class earns in an hour, by its size (docs.aws.amazon.com/AWSEC2,
# "CPU credits"). It keeps the credits of a day.
CREDITS_PER_HOUR: Mapping[str, int] = {"micro": 12, "small": 24, "medium": 24, "large": 36}
BURSTABLE = ("db.t3.", "db.t4g.")


# RDS's default is LEAST(DBInstanceClassMemory / 9531392, 5000), and DBInstanceClassMemory is the
# memory left after RDS's own processes. AWS does not publish how much that is: 181 connections were
# read from a db.t4g.small and 832 from a db.m7g.large, which is 80 % and 92 % of the nominal
# memory. Three quarters are safe for all, and the parameter group sets the result, so that the
# number that is checked is the number that holds.
BYTES_PER_CONNECTION = 9531392
USABLE_MEMORY = 0.75
MOST_CONNECTIONS = 5000

# The rest is for the surge of a rolling update, an operator's psql and PostgreSQL's reserve of
# three.
USABLE_CONNECTIONS = 0.8
# The worker has a pool of its own, and its job queue listens on one connection beside it.
WORKER_EXTRA_CONNECTIONS = 1
# A migration holds a lock on one connection and changes the schema on another.
MIGRATION_CONNECTIONS = 2
# postgres_exporter holds one connection and opens another for each scrape.
EXPORTER_CONNECTIONS = 2

GIB = 1024**3


def max_connections(database_class: str) -> int:
    """Return max_connections: db.t3.micro 84, db.t3.small 168, db.t3.medium 337."""
    memory = DATABASE_CLASSES[database_class].memory_gib * GIB * USABLE_MEMORY
    return min(int(memory // BYTES_PER_CONNECTION), MOST_CONNECTIONS)


def credits_kept(database_class: str) -> int | None:
    """Return how many CPU credits a class keeps at most, db.t3.micro 288; None without credits."""
    if not database_class.startswith(BURSTABLE):
        return None
    return CREDITS_PER_HOUR[database_class.rpartition(".")[2]] * 24


def connection_budget(database_class: str) -> int:
    """Return how many connections the platform may use."""
    return int(max_connections(database_class) * USABLE_CONNECTIONS)


def connection_demand(*, max_replicas: int, pool_size: int, exporter: bool) -> int:
    """Count the connections at full scale: API pods' pools, worker, migration and exporter."""
    worker = pool_size + WORKER_EXTRA_CONNECTIONS
    shown = EXPORTER_CONNECTIONS * exporter
    return max_replicas * pool_size + worker + MIGRATION_CONNECTIONS + shown


def kube_reserved(*, pods: int, vcpus: int) -> dict[str, str]:
    """Compute the kubelet's reserve by the formula of Amazon's machine image.

    By default, the image derives memory from the number of addresses (17 pods on a t3.medium), not
    from the configured number of pods.
    """
    per_core = [60, 10, 5, 5]
    millicores = sum(per_core[:vcpus]) + 2.5 * max(vcpus - len(per_core), 0)
    return {
        "cpu": f"{int(millicores)}m",
        "memory": f"{11 * pods + 255}Mi",
        "ephemeral-storage": "1Gi",
    }
