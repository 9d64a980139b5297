"""The floor: PostgreSQL's own load generator, running exactly what a request makes it do."""

import re
from pathlib import Path

from benchmarks.database import PLATFORM, Postgres
from benchmarks.payloads import (
    CONNECTIONS,
    FIRST_KNOWN,
    FRESH,
    GROUPS_PER_CONNECTION,
    Mode,
)
from benchmarks.processes import run
from tests.support.postgres import SUPERUSER

_RATE = re.compile(r"tps = ([\d.]+)")
_COUNT = re.compile(r"number of transactions actually processed: (\d+)")

CHOICE = {
    Mode.UPDATE: f"{FIRST_KNOWN} + :client_id * {GROUPS_PER_CONNECTION}"
    f" + random(0, {GROUPS_PER_CONNECTION - 1})",
    Mode.INSERT: f"random({FRESH.start}, {FRESH.stop - 1})",
}


def measure(postgres: Postgres, script: Path, seconds: int) -> tuple[float, int]:
    """Return transactions a second, without the time it takes to connect, and how many."""
    output = run(
        [
            postgres.programs / "pgbench",
            f"--host={postgres.socket}",
            f"--username={SUPERUSER}",
            "--no-vacuum",
            "--protocol=simple",
            f"--client={CONNECTIONS}",
            "--jobs=2",
            f"--time={seconds}",
            f"--file={script}",
            PLATFORM,
        ]
    ).decode()
    return parse(output)


def parse(output: str) -> tuple[float, int]:
    rate, count = _RATE.search(output), _COUNT.search(output)
    if rate is None or count is None:
        raise ValueError(f"pgbench said nothing about its rate:\n{output}")
    return float(rate[1]), int(count[1])
