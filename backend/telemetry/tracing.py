"""The trace of the running code, and the operations that it waited for.

OpenTelemetry is only in backend.telemetry.export, which is imported only while traces are exported.
Whether a trace is kept is decided at its end (docs/adr/0006-tracing.md). Until then it is a few
numbers and a list of tuples, at a tenth of the cost of spans.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import time_ns
from types import TracebackType
from typing import NamedTuple, Protocol

# A delivery of 100,000 alerts runs some hundred statements. The limit bounds the memory of a trail.
MAX_OPERATIONS = 128


class Operation(NamedTuple):
    """An operation that code waited for; `error` is the type of the exception that ended it."""

    text: str
    began_ns: int
    ended_ns: int
    error: str | None


@dataclass(slots=True)
class Trail:
    """The trace of a running request or job, with the first operations that it waited for."""

    trace_id: str
    sampled: bool
    parent_span_id: int | None = None
    """The span of the caller, if it named one."""
    error: str | None = None
    """The type of the unexpected exception."""
    began_ns: int = field(default_factory=time_ns)
    operations: list[Operation] = field(default_factory=list)
    omitted: int = 0

    def is_kept(self, *, failed: bool) -> bool:
        return failed or self.sampled

    def add(self, text: str, began_ns: int, error: str | None = None) -> None:
        if len(self.operations) < MAX_OPERATIONS:
            self.operations.append(Operation(text, began_ns, time_ns(), error))
        else:
            self.omitted += 1


class Traces(Protocol):
    """Begins trails, and exports the sampled ones when they end."""

    def begin(self, traceparent: str | None = None) -> Trail: ...

    def export(
        self, trail: Trail, name: str, attributes: Mapping[str, str | int], *, failed: bool
    ) -> None: ...

    def shutdown(self) -> None: ...


_trail: ContextVar[Trail | None] = ContextVar("trail", default=None)


def trail() -> Trail | None:
    """Return the trail of the current request or job, or None if nothing is traced."""
    return _trail.get()


@contextmanager
def leaving(trail: Trail) -> Iterator[None]:
    """Make a trail the current one."""
    reset = _trail.set(trail)
    try:
        yield
    finally:
        _trail.reset(reset)


class timed:  # noqa: N801  # used as a function; a generator's context costs three times as much
    """Add the operation inside to the trail, if there is one."""

    __slots__ = ("_began_ns", "_text", "_trail")

    def __init__(self, text: str) -> None:
        self._text = text
        self._trail = _trail.get()
        self._began_ns = 0

    def __enter__(self) -> None:
        if self._trail is not None:
            self._began_ns = time_ns()

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if self._trail is not None:
            error = None if error_type is None else error_type.__name__
            self._trail.add(self._text, self._began_ns, error)


def unexpected(error: Exception) -> None:
    """Record the error of the current request."""
    if (current := _trail.get()) is not None:
        current.error = type(error).__name__


def trace_id() -> str | None:
    """Return the id of the current trace in the standard notation."""
    current = _trail.get()
    return None if current is None else current.trace_id


def exemplar(*, failed: bool) -> dict[str, str] | None:
    """Return the label that leads from a measured value to its trace, if that trace is kept."""
    current = _trail.get()
    if current is None or not current.is_kept(failed=failed):
        return None
    return {"trace_id": current.trace_id}
