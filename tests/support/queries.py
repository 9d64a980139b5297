"""Watching the statements that an engine sends."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

Parameters = tuple[object, ...]


@contextmanager
def recorded_queries(engine: AsyncEngine) -> Iterator[list[tuple[str, Parameters]]]:
    """Collect statements with the driver's parameters; BEGIN and COMMIT are not among them."""
    queries: list[tuple[str, Parameters]] = []

    def record(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        queries.append((statement, parameters))

    event.listen(engine.sync_engine, "before_cursor_execute", record)
    try:
        yield queries
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", record)


@contextmanager
def recorded_statements(engine: AsyncEngine) -> Iterator[list[str]]:
    """Collect the texts of the statements that run inside, filled in at the end."""
    statements: list[str] = []
    with recorded_queries(engine) as queries:
        yield statements
    statements += [statement for statement, _ in queries]
