"""Options that every test tier shares."""

import os

import hypothesis
import pytest

from tests.support.postgres import DEBIAN_15
from tests.support.skips import pytest_make_collect_report, pytest_runtest_makereport

__all__ = [
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_make_collect_report",
    "pytest_runtest_makereport",
]

# A machine that does something else as well is no defect: nothing here is judged by its time.
hypothesis.settings.register_profile("shared-machine", deadline=None)
hypothesis.settings.load_profile("shared-machine")

# Each takes seconds to make: one worker runs all tests of one of these, so it is made once.
EXPENSIVE = ("chromium", "image", "planner", "stoppable", "way")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--postgres",
        choices=["embedded", "15"],
        default=os.environ.get("TEST_POSTGRES", "15" if DEBIAN_15.exists() else "embedded"),
        help="the PostgreSQL of the integration tests: 15 (Debian's) or embedded (PyPI's 18)",
    )


@pytest.hookimpl(tryfirst=True)  # before the hook of pytest-xdist, which reads the mark
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for name in EXPENSIVE:
            if isinstance(item, pytest.Function) and name in item.fixturenames:
                item.add_marker(pytest.mark.xdist_group(name))
