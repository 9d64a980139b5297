"""In CI every test runs: what would be skipped there has failed.

Set CI=true to get the same elsewhere. Tests that render other projects' charts stay skips where
`make charts` could not pull them.
"""

import os
from collections.abc import Generator

import pytest

# The only reason that CI accepts. pytest's summary counts its tests in one line.
NOT_REACHABLE = "chart not reachable"


def is_ci() -> bool:
    return os.environ.get("CI") == "true"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if not hasattr(report, "wasxfail"):
        _fail_a_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A whole module that skips itself."""
    report = yield
    _fail_a_skip(report)
    return report


def _fail_a_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if not (is_ci() and report.skipped):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if reason.removeprefix("Skipped: ") != NOT_REACHABLE:
        report.outcome = "failed"
        report.longrepr = f"{reason}\nThis is CI (CI=true), where a skipped test is a failure."
