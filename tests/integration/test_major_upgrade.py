"""PostgreSQL 15 upgraded to 18 by pg_upgrade, as RDS does it: no row is lost, intake goes on."""

import asyncio
from datetime import UTC, datetime

import asyncpg
import pytest

from backend.db.engine import Database, create_engine
from backend.migrate import migrate
from tests.integration.conftest import settings_for
from tests.support.alertmanager import make_group
from tests.support.intake import Intake
from tests.support.postgres import DEBIAN_15, SUPERUSER, Server, running_server

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
ALERTS = 300
TABLES = """
SELECT oid::regclass::text FROM pg_class
WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
"""


async def contents(server: Server) -> dict[str, asyncpg.Record]:
    """Give the number of rows and a digest of them, by table."""
    connection = await asyncpg.connect(
        host=str(server.socket_directory), user=SUPERUSER, database="postgres"
    )
    digest = "SELECT count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM {} t"
    try:
        names = [row[0] for row in await connection.fetch(TABLES)]
        return {name: (await connection.fetch(digest.format(name)))[0] for name in names}
    finally:
        await connection.close()


async def deliver(server: Server, count: int) -> None:
    engine = create_engine(settings_for(server, "postgres"))
    try:
        await Intake(Database.from_engine(engine)).deliver(*make_group(count), now=NOW)
    finally:
        await engine.dispose()


async def test_every_row_survives_a_new_major() -> None:
    if not (DEBIAN_15 / "postgres").exists():
        pytest.skip("nothing to upgrade from: run `apt-get install postgresql-15`")
    with running_server("15") as old, running_server("embedded") as new:
        await migrate(settings_for(old, "postgres"))
        await deliver(old, ALERTS)
        before = await contents(old)
        assert before["alert"][0] == ALERTS
        await asyncio.to_thread(new.take_over, old)
        assert await contents(new) == before

        await migrate(settings_for(new, "postgres"))
        await deliver(new, 2 * ALERTS)
        assert (await contents(new))["alert"][0] == 2 * ALERTS
