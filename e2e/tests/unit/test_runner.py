"""The runner: a failed drill fails the run, stops nothing, and each begins where it must."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from e2e.drills.drill import Checks, Drill, Figures, Stage
from e2e.drills.report import Report
from e2e.drills.runner import run
from e2e.drills.stages import RELEASE
from e2e.platform.platform import Platform

DEPLOYED = ("vpc", RELEASE)


class FakePlatform:
    """Remembers what was done to it. It is its own engine and world."""

    def __init__(self, names: Sequence[str] = ()) -> None:
        self.names = list(names)
        self.done: list[str] = []
        self.engine = self.world = self

    def checkpoint(self) -> SimpleNamespace:
        resources = [SimpleNamespace(name=name) for name in self.names]
        return SimpleNamespace(resources=resources, pending=[])

    def up(self) -> None:
        self.done.append("up")
        self.names = [*DEPLOYED]

    def destroy(self) -> None:
        self.done.append("destroy")
        self.names = []

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
    platform: FakePlatform | None = None,
    afterwards: Callable[[Platform], None] = lambda _: None,
) -> Report:
    fake = cast("Platform", platform or FakePlatform())
    return run(fake, drills, versions={"pulumi": "3.259.0"}, afterwards=afterwards)


def _fail(_: Platform) -> Figures:
    """Show what happens."""
    Checks({"requests": 10}).fail("3 failed of 10")


def _crash(_: Platform) -> Figures:
    raise OSError("the node is gone")


def test_the_next_drill_has_its_turn_after_a_failed_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = _run(_drill("drain", _fail), _drill("b", _crash), _drill("c", lambda _: {"s": 1.2345}))
    said = capsys.readouterr().out
    assert "[1/3] drain: Show what happens." in said
    assert "Traceback" in said
    assert not report.passed
    table = report.table().splitlines()
    assert table[0].split() == ["drain", "FAILED", "0.0", "s", "requests=10"]
    assert [line.strip() for line in (table[1], table[3])] == [
        "3 failed of 10",
        "OSError: the node is gone",
    ]
    assert table[4].split() == ["c", "passed", "0.0", "s", "s=1.2"]
    assert table[5] == "3 drills in 0 s, failed: drain, b"
    report.write(tmp_path / "build" / "e2e.json")
    written = json.loads((tmp_path / "build" / "e2e.json").read_text())
    assert written["versions"] == {"pulumi": "3.259.0"}
    assert [(drill["name"], drill["passed"]) for drill in written["drills"]] == [
        ("drain", False),
        ("b", False),
        ("c", True),
    ]
    assert written["drills"][2] == {
        "name": "c",
        "passed": True,
        "seconds": 0.0,
        "figures": {"s": 1.234},
    }


def test_a_drill_that_owes_a_figure_has_not_passed() -> None:
    report = _run(_drill(run=lambda _: {"seconds": 1}, owes=["seconds", "requests"]))
    assert not report.passed
    assert report.outcomes[0].sentence == "it gave no figure for requests"


def test_a_collection_that_fails_fails_its_drill() -> None:
    def collect(platform: Platform) -> None:
        _fail(platform)

    assert _run(_drill(), afterwards=collect).outcomes[0].sentence == "3 failed of 10"


def test_a_run_without_drills_proves_nothing() -> None:
    assert not _run().passed


@pytest.mark.parametrize(
    ("names", "stage", "done"),
    [
        ((), Stage.EMPTY, []),
        (("vpc",), Stage.EMPTY, ["destroy"]),
        (("vpc",), Stage.PRESENT, ["up"]),
        (DEPLOYED, Stage.PRESENT, []),
        ((), Stage.SETTLED, ["up", "settle"]),
        (DEPLOYED, Stage.SETTLED, ["settle"]),
        ((), Stage.ANY, []),
    ],
)
def test_a_drill_begins_where_it_must(
    names: tuple[str, ...], stage: Stage, done: list[str]
) -> None:
    platform = FakePlatform(names)
    _run(_drill(stage=stage), platform=platform)
    assert platform.done == done
