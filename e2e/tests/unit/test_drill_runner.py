"""The runner: a failed drill stops nothing, and each begins where it must."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest

from e2e.deploy.engine.stacks import Stack
from e2e.drills.drill import Checks, Drill, Figures, Stage
from e2e.drills.report import Report
from e2e.drills.runner import run
from e2e.drills.stages import RELEASE
from e2e.platform.platform import Platform


@dataclass(frozen=True)
class _Recorded:
    name: str


@dataclass
class _Checkpoint:
    resources: list[_Recorded] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)


class _Platform:
    """Stands for a platform: remembers what was done to it. It is its own engine and world."""

    def __init__(self, *names: str, pending: Sequence[str] = ()) -> None:
        self.state = _Checkpoint([_Recorded(name) for name in names], list(pending))
        self.done: list[str] = []
        self.engine = self.world = self
        self.stack = Stack.PLATFORM

    def checkpoint(self) -> _Checkpoint:
        return self.state

    def up(self) -> None:
        self.done.append("up")
        self.state = _Checkpoint([_Recorded("vpc"), _Recorded(RELEASE)])

    def destroy(self) -> None:
        self.done.append("destroy")
        self.state = _Checkpoint()

    def settle(self) -> None:
        self.done.append("settle")

    def heal(self) -> None:
        """Take faults away, of which this has none."""


def _drill(
    name: str = "a",
    run: Callable[[Platform], Figures] = lambda _: {},
    *,
    stage: Stage = Stage.ANY,
    owes: Sequence[str] = (),
) -> Drill:
    return Drill(name, run, stage, frozenset(owes))


def _run(
    *drills: Drill,
    platform: _Platform | None = None,
    afterwards: Callable[[Platform], None] = lambda _: None,
) -> tuple[Report, str]:
    lines: list[str] = []
    report = run(
        cast("Platform", platform or _Platform()),
        drills,
        versions={},
        say=lines.append,
        afterwards=afterwards,
    )
    return report, "\n".join(lines)


def _fail(_: Platform) -> Figures:
    """Show what happens."""
    checks = Checks()
    checks.note(requests=10)
    checks.require(condition=False, sentence="3 failed of 10")
    return checks.figures


def _crash(_: Platform) -> Figures:
    raise OSError("the node is gone")


def test_the_next_drill_has_its_turn_after_a_failed_one() -> None:
    report, said = _run(_drill("a", _fail), _drill("b", _crash), _drill("c"))
    assert [(outcome.name, outcome.passed) for outcome in report.outcomes] == [
        ("a", False),
        ("b", False),
        ("c", True),
    ]
    assert report.outcomes[0].figures == {"requests": 10}
    assert report.outcomes[0].sentence == "3 failed of 10"
    assert report.outcomes[1].sentence == "OSError: the node is gone"
    assert "[1/3] a: Show what happens." in said
    assert "Traceback" in said


def test_a_drill_that_owes_a_figure_has_not_passed() -> None:
    report, _ = _run(_drill(run=lambda _: {"seconds": 1}, owes=["seconds", "requests"]))
    [outcome] = report.outcomes
    assert not outcome.passed
    assert outcome.sentence == "it gave no figure for requests"
    assert outcome.figures == {"seconds": 1}


def test_a_collection_that_fails_fails_its_drill() -> None:
    def collect(platform: Platform) -> None:
        _fail(platform)

    report, _ = _run(_drill(), afterwards=collect)
    assert report.outcomes[0].sentence == "3 failed of 10"


DEPLOYED = ("vpc", RELEASE)


@pytest.mark.parametrize(
    ("names", "stage", "done"),
    [
        ((), Stage.EMPTY, []),
        (("vpc",), Stage.EMPTY, ["destroy"]),
        (DEPLOYED, Stage.EMPTY, ["destroy"]),
        (("vpc",), Stage.PRESENT, ["up"]),
        (DEPLOYED, Stage.PRESENT, []),
        ((), Stage.SETTLED, ["up", "settle"]),
        (DEPLOYED, Stage.SETTLED, ["settle"]),
        ((), Stage.ANY, []),
        (DEPLOYED, Stage.ANY, []),
    ],
)
def test_a_drill_begins_where_it_must(
    names: tuple[str, ...], stage: Stage, done: list[str]
) -> None:
    platform = _Platform(*names)
    _run(_drill(stage=stage), platform=platform)
    assert platform.done == done
