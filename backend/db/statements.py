"""Adds every statement of an engine to the current trail."""

from time import time_ns
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine

from backend.telemetry import tracing


def watch(engine: AsyncEngine) -> None:
    event.listen(engine.sync_engine, "before_cursor_execute", _before)
    event.listen(engine.sync_engine, "after_cursor_execute", _after)
    event.listen(engine.sync_engine, "handle_error", _failed)


def _before(*arguments: Any) -> None:
    *_, execution, _many = arguments
    execution.began_ns = time_ns()


def _after(*arguments: Any) -> None:
    if (trail := tracing.trail()) is not None:
        *_, statement, _parameters, execution, _many = arguments
        trail.add(statement, execution.began_ns)


def _failed(error: ExceptionContext) -> None:
    trail = tracing.trail()
    began_ns = getattr(error.execution_context, "began_ns", None)
    if trail is not None and error.statement is not None and began_ns is not None:
        # The adapter's error hides the driver's, which says more.
        cause = error.original_exception.__cause__ or error.original_exception
        trail.add(error.statement, began_ns, type(cause).__name__)
