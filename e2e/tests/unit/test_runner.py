"""The runner: a failed drill fails the run, stops nothing, and each begins where it must."""

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import pytest

from e2e.deploy.engine.errors import EngineError
from e2e.drills.drill import Checks, Drill, Stage
from e2e.drills.report import Report
from e2e.drills.runner import run
from e2e.platform.errors import PlatformError
from e2e.platform.platform import Platform


class FakePlatform:
    """Remembers what was done to it. It is its own engine and world."""

    def __init__(self, resources: Sequence[str] = (), *, is_deployed: bool = False) -> None:
        self.resources, self.is_deployed = resources, is_deployed
        self.done: list[str] = []
        self.broken: Exception | None = None
        self.engine = self

    def checkpoint(self) -> "FakePlatform":
        return self

    def up(self) -> None:
        self._do("up")

    def destroy(self) -> None:
        self.done.append("destroy")

    def settle(self, patience: float) -> None:
        self._do("settle" if patience == math.inf else "settle quickly")

    def warnings(self) -> list[str]:
        return ["2 x database_trouble"]

    def _do(self, what: str) -> None:
        self.done.append(what)
        if self.broken:
            raise self.broken


def _drill(
    name: str = "a",
    run: Callable[[Platform, Checks], None] = lambda *_: None,
    *,
    stage: Stage = Stage.ANY,
    owes: Sequence[str] = (),
) -> Drill:
    return Drill(name, run, stage, tuple(owes))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "build" / "e2e.json"


def _run(
    file: Path,
    *drills: Drill,
    platform: FakePlatform | None = None,
    afterwards: Callable[[Platform], None] = lambda _: None,
) -> Report:
    fake = cast("Platform", platform or FakePlatform())
    versions = {"pulumi": "3.259.0"}
    return run(fake, drills, versions=versions, file=file, afterwards=afterwards)


def _fail(_: Platform, checks: Checks) -> None:
    """Show what happens."""
    checks.note(requests=10)
    checks.fail("3 failed of 10")


def _measure(_: Platform, checks: Checks) -> None:
    checks.note(seconds=1.2345)


def _crash(*_: object) -> None:
    raise OSError("the node is gone")


def test_the_next_drill_has_its_turn_after_a_failed_one(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = _run(file, _drill("drain", _fail), _drill("b", _crash), _drill("c", _measure))
    said = capsys.readouterr().out
    assert "[1/3] drain: Show what happens." in said
    assert "Traceback" in said
    assert "2 x database_trouble" in said
    assert not report.passed
    table = report.table().splitlines()
    assert table[0].split() == ["drain", "FAILED", "0.0", "s", "requests=10"]
    assert [line.strip() for line in (table[1], table[3])] == [
        "3 failed of 10",
        "OSError: the node is gone",
    ]
    assert table[4].split() == ["c", "passed", "0.0", "s", "seconds=1.2"]
    assert table[5] == "3 drills in 0 s, failed: drain, b"
    written = json.loads(file.read_text())
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
        "figures": {"seconds": 1.234},
    }


def test_a_drill_that_owes_a_figure_has_not_passed(file: Path) -> None:
    report = _run(file, _drill(run=_measure, owes=["seconds", "requests"]))
    assert not report.passed
    assert report.outcomes[0].failure == "it gave no figure for requests"


def test_a_collection_that_fails_fails_its_drill(file: Path) -> None:
    assert _run(file, _drill(), afterwards=_crash).outcomes[0].failure.startswith("OSError: ")


def test_a_run_without_drills_proves_nothing(file: Path) -> None:
    assert not _run(file).passed


@pytest.mark.parametrize(
    ("resources", "is_deployed", "stage", "done"),
    [
        ([], False, Stage.EMPTY, []),
        (["vpc"], False, Stage.EMPTY, ["destroy"]),
        (["vpc"], False, Stage.PRESENT, ["up"]),
        (["vpc"], True, Stage.PRESENT, []),
        ([], False, Stage.SETTLED, ["up", "settle"]),
        (["vpc"], True, Stage.SETTLED, ["settle"]),
        ([], False, Stage.ANY, []),
    ],
)
def test_a_drill_begins_where_it_must(
    file: Path, resources: list[str], is_deployed: bool, stage: Stage, done: list[str]
) -> None:
    platform = FakePlatform(resources, is_deployed=is_deployed)
    _run(file, _drill(stage=stage), platform=platform)
    assert platform.done == done


SETTLE, QUICKLY = "settle", "settle quickly"


@pytest.mark.parametrize(
    ("is_deployed", "error", "done"),
    [
        # Until it has settled, which a drill in between does not show.
        (True, PlatformError("targets are {}"), [SETTLE, QUICKLY, QUICKLY, SETTLE]),
        (False, EngineError("up ended with 1:\nthe reason"), ["up"]),
    ],
)
def test_what_was_waited_for_in_vain_costs_the_next_drills_little(
    file: Path, is_deployed: bool, error: Exception, done: list[str]
) -> None:
    def mend(*_: object) -> None:
        platform.broken, platform.is_deployed = None, True

    platform = FakePlatform(is_deployed=is_deployed)
    platform.broken = error
    settled = _drill(stage=Stage.SETTLED)
    drills = [settled, settled, _drill(run=mend), settled, settled]
    report = _run(file, *drills, platform=platform)
    first = str(error).partition("\n")[0]
    assert [outcome.failure for outcome in report.outcomes] == [
        *(f"it was not run: {each}" for each in (error, first)),
        *[""] * 3,
    ]
    assert platform.done == [*done, *([] if is_deployed else [QUICKLY, SETTLE])]
