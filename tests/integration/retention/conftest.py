"""A database of the test's own, and somebody who delivers to it."""

import pytest

from backend.db.engine import Database
from tests.support.intake import Intake


@pytest.fixture
def database(scratch_database: Database) -> Database:
    return scratch_database


@pytest.fixture
def intake(database: Database) -> Intake:
    return Intake(database)
