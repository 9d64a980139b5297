"""Which partitions a table should have at a moment. Pure arithmetic, in UTC."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum


class Period(Enum):
    """The length of a partition; the value is the format of its start in its name."""

    DAY = "%Y%m%d"
    MONTH = "%Y%m"

    def start(self, moment: datetime) -> datetime:
        day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return day if self is Period.DAY else day.replace(day=1)

    def next(self, start: datetime) -> datetime:
        """Return where the following period begins. 32 days after a first is the next month."""
        return self.start(start + timedelta(days=1 if self is Period.DAY else 32))


@dataclass(frozen=True, slots=True)
class Partition:
    """`start` is inside, `end` is not."""

    table: str
    name: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class PartitionedTable:
    """A table in partitions by time, with a default partition for all other rows.

    The worker creates `ahead` periods after the current one in advance. It may be down for that
    long before rows go to the default partition.
    """

    name: str
    column: str
    period: Period
    ahead: int

    @property
    def default_partition(self) -> str:
        return f"{self.name}_default"

    def wanted(self, now: datetime) -> list[Partition]:
        partitions = [self._partition(self.period.start(now))]
        for _ in range(self.ahead):
            partitions.append(self._partition(partitions[-1].end))
        return partitions

    def partition_named(self, name: str) -> Partition | None:
        """Read a partition back from its name; None if it is not one of ours."""
        digits = re.fullmatch(rf"{re.escape(self.name)}_p(\d+)", name)
        if digits is None:
            return None
        try:
            start = datetime.strptime(digits[1], self.period.value).replace(tzinfo=UTC)
        except ValueError:
            return None
        partition = self._partition(start)
        return partition if partition.name == name else None

    def _partition(self, start: datetime) -> Partition:
        name = f"{self.name}_p{start.strftime(self.period.value)}"
        return Partition(self.name, name, start, self.period.next(start))
