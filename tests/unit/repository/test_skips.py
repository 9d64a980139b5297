from pathlib import Path

import pytest

from tests.support import skips


@pytest.mark.parametrize("ci", ["true", ""])
@pytest.mark.parametrize(
    ("reason", "allowed"), [("chart not reachable", True), ("needs chromium", False)]
)
def test_a_skip_is_a_failure_in_ci_but_for_one_reason(
    monkeypatch: pytest.MonkeyPatch, ci: str, reason: str, allowed: bool
) -> None:
    monkeypatch.setenv("CI", ci)
    of_a_test = pytest.TestReport(
        "a test", (__file__, 1, ""), {}, "skipped", (__file__, 1, f"Skipped: {reason}"), "call"
    )
    of_a_module = pytest.CollectReport(
        "a module", "skipped", (__file__, 1, f"Skipped: {reason}"), []
    )

    for report in (of_a_test, of_a_module):
        skips._fail_a_skip(report)
        assert report.outcome == ("skipped" if allowed or not ci else "failed")


def test_pytest_asks_for_every_test_and_module() -> None:
    conftest = Path(__file__).parents[3] / "conftest.py"
    hooks = {name for name in dir(skips) if name.startswith("pytest_")}

    assert hooks == {"pytest_make_collect_report", "pytest_runtest_makereport"}
    assert all(name in conftest.read_text() for name in hooks)
