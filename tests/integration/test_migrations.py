"""The schema's history against real PostgreSQL: up, down, up, twice at once, and back a release."""

import asyncio
import itertools
import re
from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path

import pytest
import pytest_asyncio
from alembic import command
from alembic.script import ScriptDirectory
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from backend.alerts.schemas import ResolvedBy
from backend.db.base import NAMING_CONVENTION, metadata
from backend.db.engine import create_engine
from backend.db.schema import required_revision
from backend.jobs.scheduler import QUEUE_NAMES
from backend.migrate import alembic_config, migrate
from backend.settings import Settings
from tests.integration.conftest import administer, settings_for
from tests.support.logs import Logged
from tests.support.postgres import Server


@pytest_asyncio.fixture
async def empty(postgres: Server) -> AsyncIterator[Settings]:
    """Settings of a database without any schema."""
    await administer(postgres, "CREATE DATABASE empty")
    yield settings_for(postgres, "empty")
    await administer(postgres, "DROP DATABASE empty WITH (FORCE)")


@pytest_asyncio.fixture
async def connection(empty: Settings) -> AsyncIterator[AsyncConnection]:
    engine = create_engine(empty)
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


def alembic(connection: Connection, name: str, *arguments: str) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    getattr(command, name)(config, *arguments)


async def schema(connection: AsyncConnection) -> list[tuple[object, ...]]:
    """Everything that a schema consists of, as PostgreSQL itself describes it."""
    rows = await connection.execute(
        text("""
        SELECT 'column', table_schema, table_name, column_name, data_type, is_nullable,
               coalesce(column_default, '')
        FROM information_schema.columns WHERE table_schema IN ('public', 'pgqueuer')
        UNION ALL
        SELECT 'index', schemaname, tablename, indexname, indexdef, '', ''
        FROM pg_indexes WHERE schemaname IN ('public', 'pgqueuer')
        UNION ALL
        SELECT 'constraint', n.nspname, conrelid::regclass::text, conname,
               pg_get_constraintdef(c.oid), '', ''
        FROM pg_constraint c JOIN pg_namespace n ON n.oid = connamespace
        WHERE n.nspname IN ('public', 'pgqueuer')
        ORDER BY 1, 2, 3, 4
        """)
    )
    found = [tuple(row) for row in rows]
    await connection.rollback()
    return found


async def test_every_revision_can_be_undone_and_the_last_one_is_what_the_models_say(
    connection: AsyncConnection,
) -> None:
    there: list[tuple[object, ...]] = []
    for number in range(1, required_revision() + 1):
        await connection.run_sync(alembic, "upgrade", f"{number:04d}")
        there = await schema(connection)
        await connection.run_sync(alembic, "downgrade", "-1")
        await connection.run_sync(alembic, "upgrade", "+1")
        assert await schema(connection) == there, f"revision {number:04d}"
    await connection.run_sync(alembic, "check")

    await connection.run_sync(alembic, "downgrade", "base")
    below = await schema(connection)
    await connection.run_sync(alembic, "upgrade", "head")

    assert {row[2] for row in below} == {"alembic_version"}
    assert len(there) > 50
    assert await schema(connection) == there


async def test_a_partition_of_an_earlier_release_takes_every_word_for_what_closed_an_episode(
    connection: AsyncConnection,
) -> None:
    await connection.run_sync(alembic, "upgrade", "0004")
    partition = "episode_m2026_01"
    await connection.execute(
        text(f"CREATE TABLE {partition} (LIKE episode INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
    )
    await connection.execute(
        text(
            f"ALTER TABLE episode ATTACH PARTITION {partition}"
            " FOR VALUES FROM ('2026-01-01 00:00+00') TO ('2026-02-01 00:00+00')"
        )
    )
    await connection.commit()

    await connection.run_sync(alembic, "upgrade", "head")

    for word in ResolvedBy:
        await connection.execute(
            text(
                "INSERT INTO episode (integration_id, fingerprint, opened_at, closed_at,"
                " resolved_by) VALUES (1, 'f', '2026-01-03 00:00+00', '2026-01-03 01:00+00', :word)"
            ),
            {"word": word.value},
        )


def revisions() -> list[Path]:
    return sorted(
        Path(alembic_config().get_main_option("script_location") or "").glob("versions/0*.py")
    )


def test_revisions_are_numbered_without_gap_or_branch() -> None:
    """A release compares numbers: docs/adr/0004-schema-at-least.md."""
    scripts = list(ScriptDirectory.from_config(alembic_config()).walk_revisions())

    numbers = [script.revision for script in reversed(scripts)]
    assert numbers == [f"{number:04d}" for number in range(1, len(scripts) + 1)]
    assert [script.down_revision for script in reversed(scripts)] == [None, *numbers[:-1]]
    assert required_revision() == len(scripts)
    assert [Path(script.path).name[:5] for script in reversed(scripts)] == [
        f"{number}_" for number in numbers
    ]


@pytest.mark.parametrize("direction", ["upgrade", "downgrade"])
def test_every_revision_limits_how_long_it_waits_and_works(direction: str) -> None:
    for path in revisions():
        number = path.name[:4]
        span = (
            f"{int(number) - 1:04d}:{number}"
            if direction == "upgrade"
            else f"{number}:{int(number) - 1:04d}"
        )
        sql = offline(direction, span.replace("0000", "base"))
        body = sql[sql.index("-- Running") :]
        statements = [line for line in body.splitlines() if line and not line.startswith("--")]
        assert re.fullmatch(r"SET LOCAL lock_timeout = '\d+s';", statements[0]), path.name
        assert re.fullmatch(r"SET LOCAL statement_timeout = '\d+s';", statements[1]), path.name


def offline(direction: str, span: str) -> str:
    """Return the SQL of a span of revisions, made without a database."""
    config = alembic_config()
    output = StringIO()
    config.output_buffer = output
    getattr(command, direction)(config, span, sql=True)
    return output.getvalue()


async def test_the_sql_that_is_shown_is_the_schema_that_is_made(
    connection: AsyncConnection,
) -> None:
    """`alembic upgrade --sql` is what is reviewed, so it must be what runs."""
    raw = (await connection.get_raw_connection()).driver_connection
    assert raw is not None
    # As psql does: transactions as a whole, and what is outside of them one by one.
    parts = re.split(r"^(?:BEGIN|COMMIT);$", offline("upgrade", "head"), flags=re.MULTILINE)
    for outside, inside in itertools.zip_longest(parts[::2], parts[1::2], fillvalue=""):
        for statement in filter(str.strip, outside.split(";\n")):
            await raw.execute(statement)
        await raw.execute(f"BEGIN;{inside};COMMIT;")
    from_sql = await schema(connection)

    await connection.run_sync(alembic, "downgrade", "base")
    await connection.run_sync(alembic, "upgrade", "head")

    assert await schema(connection) == from_sql


def test_names_of_constraints_follow_the_convention() -> None:
    assert metadata.naming_convention == NAMING_CONVENTION
    for table in metadata.tables.values():
        names = [constraint.name for constraint in table.constraints]
        assert all(str(name).startswith(("pk_", "uq_", "fk_", "ck_")) for name in names), names
        indexes = [index.name for index in table.indexes]
        assert all(str(name).startswith(("ix_", "uq_")) for name in indexes), indexes


async def test_two_at_once_make_one_schema(empty: Settings, logged: Logged) -> None:
    await asyncio.gather(*(migrate(empty) for _ in range(4)))

    assert len(logged.events("waiting_for_another_migration")) == 3
    before = [event["before"] for event in logged.events("schema_migrated")]
    assert before.count(None) == 1


async def test_a_newer_schema_is_left_alone(scratch_settings: Settings, logged: Logged) -> None:
    """The release before is rolled back to: it may not even know the revision that it finds."""
    engine = create_engine(scratch_settings)
    newer = f"{required_revision() + 3:04d}"
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = :n"), {"n": newer})

    await migrate(scratch_settings)

    async with engine.connect() as connection:
        stored = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    assert stored == newer
    assert logged.events("schema_is_newer")[0]["revision"] == newer
    await engine.dispose()


async def test_a_migration_that_cannot_get_its_lock_gives_up(
    empty: Settings, connection: AsyncConnection
) -> None:
    """It must not queue for long: everything that comes after it would wait behind it."""
    await connection.run_sync(alembic, "upgrade", "0001")
    script = offline("downgrade", "0001:base").replace(
        "lock_timeout = '5s'", "lock_timeout = '50ms'"
    )
    engine = create_engine(empty)
    async with engine.connect() as reader:
        await reader.execute(text("SELECT * FROM integration"))
        raw = (await connection.get_raw_connection()).driver_connection
        assert raw is not None
        with pytest.raises(Exception, match="canceling statement due to lock timeout"):
            await raw.execute(script)
    await engine.dispose()


def test_the_queue_tables_are_those_of_the_installed_library() -> None:
    """Frozen SQL is right until the library wants other tables: then it needs a new revision."""
    frozen = Path("backend/migrations/sql/pgqueuer-1.6.0.sql").read_text(encoding="utf-8")
    wanted = QueryBuilderEnvironment(QUEUE_NAMES).build_install_query()

    assert without_comments(frozen) == without_comments(wanted)


def without_comments(sql: str) -> list[str]:
    lines = (line.partition("--")[0].strip() for line in sql.splitlines())
    return [line for line in lines if line]
