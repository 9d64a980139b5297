"""Goals, and what a measurement says about them. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from benchmarks.figures import Summary


class Verdict(StrEnum):
    AIM = "aim met"
    MUST = "must met"
    NOISE = "missed by less than the noise"
    BUSY = "missed on a busy machine"
    MISSED = "MISSED"


@dataclass(frozen=True)
class Goal:
    """A floor or, with `at_most`, a ceiling. `aim` is where we want to be."""

    must: float
    aim: float
    at_most: bool = False

    def margin(self, value: float, wanted: float) -> float:
        """Return by what factor the value is on the good side (>= 1) or the bad one of it."""
        return wanted / value if self.at_most else value / wanted


# A service in one process gets one share of a busy machine, and PostgreSQL's backends get eight:
# a ratio of the two then says more about the machine than about either of them.
BUSY_SHARE = 0.15


@dataclass(frozen=True)
class Row:
    """One line of the table.

    `noise` is the A/A factor, 1 where there is nothing to repeat; `others` the share of the
    machine's CPU that went to processes that are no part of the measurement.
    """

    name: str
    unit: str
    goal: Goal
    measured: Summary
    noise: float = 1.0
    others: float = 0.0
    remark: str = ""

    @property
    def verdict(self) -> Verdict:
        goal, value = self.goal, self.measured.median
        if goal.margin(value, goal.aim) >= 1:
            return Verdict.AIM
        if goal.margin(value, goal.must) >= 1:
            return Verdict.MUST
        if goal.margin(value, goal.must) * self.noise >= 1:
            return Verdict.NOISE
        if self.others > BUSY_SHARE:
            return Verdict.BUSY
        return Verdict.MISSED
