import pytest

from benchmarks.figures import Summary
from benchmarks.goals import Goal, Row, Verdict

FLOOR = Goal(must=0.33, aim=0.45)
CEILING = Goal(must=3, aim=2, at_most=True)


def row(goal: Goal, value: float, noise: float = 1.0) -> Row:
    return Row(name="a row", unit="x", goal=goal, measured=Summary(value, 0, 9), noise=noise)


@pytest.mark.parametrize(
    ("goal", "value", "noise", "verdict"),
    [
        (FLOOR, 0.45, 1.0, Verdict.AIM),
        (FLOOR, 0.44, 1.5, Verdict.MUST),
        (FLOOR, 0.33, 1.0, Verdict.MUST),
        (FLOOR, 0.32, 1.0, Verdict.MISSED),
        (FLOOR, 0.32, 1.05, Verdict.NOISE),
        (FLOOR, 0.20, 1.05, Verdict.MISSED),
        (CEILING, 2.0, 1.0, Verdict.AIM),
        (CEILING, 2.1, 1.0, Verdict.MUST),
        (CEILING, 3.0, 1.0, Verdict.MUST),
        (CEILING, 3.1, 1.0, Verdict.MISSED),
        (CEILING, 3.1, 1.05, Verdict.NOISE),
        (CEILING, 6.0, 1.05, Verdict.MISSED),
    ],
)
def test_verdict(goal: Goal, value: float, noise: float, verdict: Verdict) -> None:
    assert row(goal, value, noise).verdict is verdict


@pytest.mark.parametrize(
    ("value", "others", "verdict"),
    [
        (0.20, 0.5, Verdict.BUSY),
        (0.20, 0.1, Verdict.MISSED),
        (0.40, 0.5, Verdict.MUST),
    ],
)
def test_a_busy_machine_excuses_a_miss_and_nothing_else(
    value: float, others: float, verdict: Verdict
) -> None:
    measured = Summary(value, 0, 9)

    assert Row("a row", "x", FLOOR, measured, others=others).verdict is verdict
