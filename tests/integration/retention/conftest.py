"""A database of the test's own, and somebody who delivers to it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from backend.db.engine import Database, create_engine
from backend.settings import Settings
from tests.support.intake import Intake


@pytest_asyncio.fixture
async def database(scratch_settings: Settings) -> AsyncIterator[Database]:
    engine = create_engine(scratch_settings)
    yield Database.from_engine(engine)
    await engine.dispose()


@pytest.fixture
def intake(database: Database) -> Intake:
    return Intake(database)
