"""Fixtures of the tests about alerts."""

import pytest_asyncio

from backend.db.engine import Database
from tests.support.intake import Intake


@pytest_asyncio.fixture
async def intake(database: Database) -> Intake:
    return Intake(database)
