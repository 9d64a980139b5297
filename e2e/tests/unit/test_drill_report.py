"""The report: exactly the keys that others read, and a table for people."""

import json
from pathlib import Path

from e2e.drills.report import Outcome, Report, line_of

PASSED = Outcome("up", passed=True, seconds=61.23, figures={"resources": 101, "window_s": 1.23456})
FAILED = Outcome(
    "drain", passed=False, seconds=9.99, figures={"requests": 400}, sentence="3 failed of 400"
)


def test_the_file_holds_what_the_contract_says(tmp_path: Path) -> None:
    path = tmp_path / "build" / "e2e.json"
    Report(123.456, {"pulumi": "3.259.0"}, (PASSED, FAILED)).write(path)
    assert json.loads(path.read_text()) == {
        "seconds": 123.5,
        "versions": {"pulumi": "3.259.0"},
        "drills": [
            {
                "name": "up",
                "passed": True,
                "seconds": 61.2,
                "figures": {"resources": 101, "window_s": 1.235},
            },
            {"name": "drain", "passed": False, "seconds": 10.0, "figures": {"requests": 400}},
        ],
    }
    assert list(path.parent.iterdir()) == [path]


def test_the_table_names_what_failed_and_why() -> None:
    table = Report(70, {}, (PASSED, FAILED)).table().splitlines()
    assert table == [
        "up     passed    61.2 s  resources=101  window_s=1.2",
        "drain  FAILED    10.0 s  requests=400",
        "       3 failed of 400",
        "2 drills in 70 s, failed: drain",
    ]


def test_a_run_without_drills_proves_nothing() -> None:
    report = Report(0, {}, ())
    assert report.table() == "no drill was run"
    assert not report.passed


def test_one_failure_fails_the_run() -> None:
    assert Report(1, {}, (PASSED,)).passed
    assert not Report(1, {}, (PASSED, FAILED)).passed


def test_kinds_of_failures_are_readable() -> None:
    outcome = Outcome("x", passed=True, seconds=1, figures={"kinds": {"status 503": 4}})
    assert line_of(outcome).endswith("kinds={status 503: 4}")
