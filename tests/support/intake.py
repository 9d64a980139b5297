"""Delivering alerts straight to the service, at any time of our clock, and looking at rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row, text

from backend.alerts import service
from backend.alerts.intake.ingest import ingest
from backend.alerts.schemas import AlertDetail, IngestResult
from backend.db.engine import Database
from tests.support.alertmanager import make_message


@dataclass(frozen=True)
class Intake:
    """Every delivery is a transaction of its own, as every request is."""

    database: Database

    async def deliver(
        self, *alerts: object, now: datetime, integration: str = "default", **message: Any
    ) -> IngestResult:
        body = orjson.dumps(make_message(*alerts, **message))
        async with self.database.sessions() as session:
            integration_id = (await self.rows("integration", f"slug = '{integration}'"))[0].id
            result = await ingest(session, integration_id, body, now)
            await session.commit()
        return result

    async def alert(self, fingerprint: str, integration: str = "default") -> AlertDetail:
        async with self.database.read_sessions() as session:
            return await service.get_alert(session, integration, fingerprint)

    async def rows(self, table: str, condition: str = "true") -> Sequence[Row[Any]]:
        async with self.database.engine.connect() as connection:
            found = await connection.execute(text(f"SELECT * FROM {table} WHERE {condition}"))  # noqa: S608  # a test's own words
            return found.all()
