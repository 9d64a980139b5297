from benchmarks.figures import Summary
from benchmarks.goals import Goal, Row
from benchmarks.table import render

ROWS = [
    Row(
        name="intake",
        unit="x",
        goal=Goal(must=0.33, aim=0.45),
        measured=Summary(0.4, 0.351, 0.5),
        noise=1.04,
        remark="platform 40,000",
    ),
    Row(
        name="memory, API idle",
        unit=" MB",
        goal=Goal(must=110, aim=90, at_most=True),
        measured=Summary(120.04, 120.04, 120.04),
    ),
]


def test_each_row_shows_its_goal_what_was_measured_and_the_verdict() -> None:
    _, _, intake, memory, *_ = render(ROWS).splitlines()

    expected = "intake >= 0.33x >= 0.45x 0.40x 0.35..0.50 1.04 must met"
    assert " ".join(intake.split()) == expected
    assert memory.endswith("120.0..120.0          -  MISSED")
    assert "<= 110 MB  <= 90 MB  120.0 MB" in memory


def test_columns_stand_below_each_other() -> None:
    head, rule, intake, memory, *_ = render(ROWS).splitlines()

    assert head.index("verdict") == intake.index("must met") == memory.index("MISSED")
    assert set(rule) == {"-"}
    assert len(rule) >= len(head)


def test_remarks_follow_the_table() -> None:
    assert render(ROWS).splitlines()[-1] == "intake: platform 40,000"
