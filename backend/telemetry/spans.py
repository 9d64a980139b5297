"""Converts an ended trail into spans."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from time import time_ns

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from backend import __version__
from backend.telemetry.tracing import Operation, Trail

# The intake's longest statement has 2,400 characters; operators only need its beginning.
MAX_TEXT_CHARACTERS = 1000

_IDS = RandomIdGenerator()
# Only sampled trails become spans, so each span has the flag for sampled.
_FLAGS = TraceFlags(TraceFlags.SAMPLED)
_SCOPE = InstrumentationScope("backend", __version__)
_OK, _ERROR = Status(StatusCode.UNSET), Status(StatusCode.ERROR)
# The operation of a statement: its change if it makes one anywhere, otherwise its read.
_CHANGE = re.compile(r"\b(INSERT) INTO\s+(\w+)|\b(UPDATE)\s+(\w+)|\b(DELETE) FROM\s+(\w+)")
_READ = re.compile(r"\b(SELECT)\b.*?\bFROM\s+(?:\w+\.)?(\w+)", re.DOTALL)


def of(
    trail: Trail,
    name: str,
    attributes: Mapping[str, str | int],
    *,
    resource: Resource,
    failed: bool,
) -> Iterator[ReadableSpan]:
    """Return the span of a request or a job, and one for each of its operations."""
    trace_id = int(trail.trace_id, 16)
    context = _context(trace_id, _IDS.generate_span_id())
    caller = trail.parent_span_id
    omitted = {"backend.omitted_spans": trail.omitted} if trail.omitted else {}
    error = {"error.type": trail.error} if trail.error else {}
    yield ReadableSpan(
        name=name,
        context=context,
        parent=None if caller is None else _context(trace_id, caller, is_remote=True),
        resource=resource,
        attributes={**attributes, **error, **omitted},
        kind=SpanKind.SERVER if "http.request.method" in attributes else SpanKind.INTERNAL,
        status=_ERROR if failed else _OK,
        start_time=trail.began_ns,
        end_time=time_ns(),
        instrumentation_scope=_SCOPE,
    )
    for operation in trail.operations:
        yield _child(context, operation, resource)


def _child(parent: SpanContext, operation: Operation, resource: Resource) -> ReadableSpan:
    name, attributes = describe(operation.text)
    failed = operation.error is not None
    return ReadableSpan(
        name=name,
        context=_context(parent.trace_id, _IDS.generate_span_id()),
        parent=parent,
        resource=resource,
        attributes={**attributes, "error.type": operation.error} if failed else attributes,
        kind=SpanKind.CLIENT,
        status=_ERROR if failed else _OK,
        start_time=operation.began_ns,
        end_time=operation.ended_ns,
        instrumentation_scope=_SCOPE,
    )


def _context(trace_id: int, span_id: int, *, is_remote: bool = False) -> SpanContext:
    return SpanContext(trace_id, span_id, is_remote=is_remote, trace_flags=_FLAGS)


@lru_cache(maxsize=512)
def describe(text: str) -> tuple[str, dict[str, str]]:
    """Return a statement's name and its attributes, named as OpenTelemetry names them.

    Statements carry placeholders, never values, so their text may be shown.
    """
    attributes = {"db.system.name": "postgresql", "db.query.text": text[:MAX_TEXT_CHARACTERS]}
    found = _CHANGE.search(text) or _READ.search(text)
    if found is None:
        operation = text.split(maxsplit=1)[0].rstrip(";").upper()
        return operation, attributes | {"db.operation.name": operation}
    operation, table = (part for part in found.groups() if part is not None)
    named = {"db.operation.name": operation, "db.collection.name": table}
    return f"{operation} {table}", attributes | named
