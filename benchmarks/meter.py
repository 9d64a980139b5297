"""Who uses how much CPU while a slice is measured."""

import operator
import os
import time
from collections.abc import Callable
from typing import NamedTuple

from benchmarks.processes import children_cpu_seconds, machine_cpu_seconds


class Cpu(NamedTuple):
    """Microseconds of CPU an alert: of whoever sends the statements, and of PostgreSQL.

    `others` is the share of the machine that was used by neither, nor by the load generator.
    """

    client: float
    database: float
    others: float

    @property
    def total(self) -> float:
        return self.client + self.database


class Meter:
    """Reads who has used how much CPU since it was made."""

    def __init__(self, client: Callable[[], float], database: Callable[[], float]) -> None:
        self._clocks = (client, database, children_cpu_seconds, machine_cpu_seconds)
        self._started = time.monotonic()
        self._before = [clock() for clock in self._clocks]

    def read(self, alerts: int) -> Cpu:
        after = [clock() for clock in self._clocks]
        wall = time.monotonic() - self._started
        client, database, generator, machine = map(operator.sub, after, self._before)
        ours = database + generator
        if self._clocks[0] is not children_cpu_seconds:  # else the client is the generator
            ours += client
        available = wall * (os.cpu_count() or 1)
        return Cpu(
            client / alerts * 1e6, database / alerts * 1e6, max(machine - ours, 0) / available
        )
