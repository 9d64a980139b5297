"""Which trace the running code belongs to, and what took time on its way.

No OpenTelemetry here: that is `backend.telemetry.export`'s business, and only while traces are exported.
Whether a trace is worth keeping is known at its end (docs/adr/0006-tracing.md), so until then it is
a few numbers and a list of tuples, at a tenth of the cost of spans.
"""  # noqa: E501

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import time_ns
from types import TracebackType
from typing import NamedTuple, Protocol

# A delivery of 100,000 alerts runs some hundred statements: enough to see, not to fill memory with.
MAX_OPERATIONS = 128


class Operation(NamedTuple):
    """Something that was waited for; `error` is the type of the exception that ended it."""

    text: str
    began_ns: int
    ended_ns: int
    error: str | None


@dataclass(slots=True)
class Trail:
    """A request or a job on its way: its trace, and the first operations that it waited for."""

    trace_id: str
    sampled: bool
    parent_span_id: int | None = None
    """The span of the caller, if it named one."""
    error: str | None = None
    """The type of the exception that nobody expected."""
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
    """Begins trails, and exports those that are worth keeping when they end."""

    def begin(self, traceparent: str | None = None) -> Trail: ...

    def export(
        self, trail: Trail, name: str, attributes: Mapping[str, str | int], *, failed: bool
    ) -> None: ...

    def shutdown(self) -> None: ...


_trail: ContextVar[Trail | None] = ContextVar("trail", default=None)


def trail() -> Trail | None:
    """Return what the current request or job adds to, or None where nothing is traced."""
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
    """Add what is done inside to the trail, if there is one."""

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
    """Note what the current request failed with."""
    if (current := _trail.get()) is not None:
        current.error = type(error).__name__


def trace_id() -> str | None:
    """Return the id of the trace that the code is in, as every program writes it."""
    current = _trail.get()
    return None if current is None else current.trace_id


def exemplar(*, failed: bool) -> dict[str, str] | None:
    """Return the label that leads from a measured value to its trace, if that trace is kept."""
    current = _trail.get()
    if current is None or not current.is_kept(failed=failed):
        return None
    return {"trace_id": current.trace_id}
