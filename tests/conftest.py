"""Options that every test tier shares."""

import os

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--postgres",
        choices=["embedded", "15"],
        default=os.environ.get("TEST_POSTGRES", "embedded"),
        help="the PostgreSQL of the integration tests: embedded (PyPI's 18) or 15 (Debian's)",
    )
