"""Options that every test tier shares."""

import os

import hypothesis
import pytest

from tests.support.skips import pytest_make_collect_report, pytest_runtest_makereport

__all__ = ["pytest_addoption", "pytest_make_collect_report", "pytest_runtest_makereport"]

# A machine that does something else as well is no defect: nothing here is judged by its time.
hypothesis.settings.register_profile("shared-machine", deadline=None)
hypothesis.settings.load_profile("shared-machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--postgres",
        choices=["embedded", "15"],
        default=os.environ.get("TEST_POSTGRES", "embedded"),
        help="the PostgreSQL of the integration tests: embedded (PyPI's 18) or 15 (Debian's)",
    )
