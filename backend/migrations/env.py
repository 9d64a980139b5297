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
    migration: MigrationContext,  # noqa: ARG001  # Alembic's signature
    revision: object,  # noqa: ARG001  # as above
    directives: list[MigrationScript],
) -> None:
    scripts = ScriptDirectory.from_config(context.config)
    head = scripts.get_current_head()
    for script in directives:
        script.rev_id = f"{int(head or '0') + 1:04d}"


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_server_default=True,
        include_name=tables.is_declared,
        process_revision_directives=_number_revisions,
    )
    with context.begin_transaction():
        context.run_migrations()


async def _run_with_own_engine() -> None:
    engine = create_engine(settings.load(), application_name="backend-alembic")
    async with engine.connect() as connection:
        await connection.run_sync(_run)
        await connection.commit()
    await engine.dispose()


def _print_sql() -> None:
    context.configure(dialect_name="postgresql", target_metadata=metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


connection = context.config.attributes.get("connection")
if context.is_offline_mode():
    _print_sql()
elif isinstance(connection, Connection):
    _run(connection)
else:
    asyncio.run(_run_with_own_engine())
