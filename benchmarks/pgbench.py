"""The floor: PostgreSQL's own load generator, running exactly what a request makes it do."""

import re
import tempfile
from dataclasses import dataclass
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

CHOICE = {
    Mode.UPDATE: f"{FIRST_KNOWN} + :client_id * {GROUPS_PER_CONNECTION}"
    f" + random(0, {GROUPS_PER_CONNECTION - 1})",
    Mode.INSERT: f"random({FRESH.start}, {FRESH.stop - 1})",
}


@dataclass(frozen=True)
class Measured:
    """Transactions a second without the time it takes to connect, and each one's latency."""

    rate: float
    latencies_ms: list[float]


def measure(postgres: Postgres, script: Path, seconds: int) -> Measured:
    """Run a script for some seconds; a transaction that fails ends the run."""
    with tempfile.TemporaryDirectory(dir=script.parent) as name:
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
                "--log",
                f"--log-prefix={name}/transactions",
                PLATFORM,
            ]
        ).decode()
        logs = [path.read_text() for path in Path(name).iterdir()]
    return Measured(rate_of(output), [each for log in logs for each in latencies_of(log)])


def rate_of(output: str) -> float:
    if (found := _RATE.search(output)) is None:
        raise ValueError(f"pgbench said nothing about its rate:\n{output}")
    return float(found[1])


def latencies_of(log: str) -> list[float]:
    """Return milliseconds; a line is client, transaction, microseconds, and what we do not need."""
    return [int(line.split()[2]) / 1000 for line in log.splitlines()]
