"""How Alembic runs a revision: on the connection of `backend.migrate`, or as SQL text."""

import asyncio

from alembic import context
from alembic.operations.ops import MigrationScript
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from backend import settings
from backend.db.base import metadata
from backend.db.engine import create_engine
from backend.migrations import tables


def _number_revisions(
    _migration: MigrationContext, _revision: object, directives: list[MigrationScript]
) -> None:
    """Give a new revision the next number instead of a random id: releases compare them."""
    head = ScriptDirectory.from_config(context.config).get_current_head()
    for script in directives:
        script.rev_id = f"{int(head or '0') + 1:04d}"


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_server_default=True,
        include_name=tables.is_declared,
        process_revision_directives=_number_revisions,
        # What is done stays done when a later revision cannot get its lock in time.
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def _run_with_own_engine() -> None:
    """For the `alembic` command, which developers use; deployments run `backend.migrate`."""
    engine = create_engine(settings.load(), application_name="backend-alembic")
    async with engine.connect() as connection:
        await connection.run_sync(_run)
    await engine.dispose()


def _print_sql() -> None:
    context.configure(
        dialect_name="postgresql",
        target_metadata=metadata,
        literal_binds=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if context.is_offline_mode():
    _print_sql()
elif isinstance(given, Connection):
    _run(given)
else:
    asyncio.run(_run_with_own_engine())
