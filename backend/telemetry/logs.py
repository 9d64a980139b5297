"""Logs: one JSON object a line on standard output, with the request's id, and never a secret.

Importing this changes nothing; `configure` is called once by each process's entry point.
"""

import json
import logging
import re
import sys
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any, BinaryIO

import orjson
import structlog
from structlog.typing import Processor

from backend.auth.tokens import PREFIX as TOKEN_PREFIX
from backend.telemetry.tracing import trace_id

EventDict = MutableMapping[str, Any]

# The id of the current request, if there is one.
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

_REDACTED = "[redacted]"
_SECRET_KEYS = frozenset({"authorization", "cookie", "password", "session", "token"})
_SECRETS = re.compile(
    rb"(?i:(bearer|basic)\s+)[A-Za-z0-9._~+/=-]+|" + TOKEN_PREFIX.encode() + rb"[A-Za-z0-9_-]+"
)


def configure(*, level: str, tracing: bool, stream: BinaryIO | None = None) -> None:
    """Send all logs of this process, including those of libraries, to one stream."""
    output = stream or sys.stdout.buffer
    structlog.configure(
        processors=processors(tracing=tracing),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.BytesLoggerFactory(file=output),
        cache_logger_on_first_use=True,
    )
    _route_standard_logging(output, level=level, tracing=tracing)


def processors(*, tracing: bool) -> list[Processor]:
    """Return the chain from an event to its line. Trace ids cost time, so only when tracing."""
    return [*_enrich(tracing=tracing), _render]


def _enrich(*, tracing: bool) -> list[Processor]:
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_request_id,
        *([_add_trace_id] if tracing else []),
        structlog.processors.format_exc_info,
        _redact_keys,
    ]


def _add_request_id(_logger: object, _method: str, event: EventDict) -> EventDict:
    if (current := request_id.get()) is not None:
        event["request_id"] = current
    return event


def _add_trace_id(_logger: object, _method: str, event: EventDict) -> EventDict:
    if (current := trace_id()) is not None:
        event["trace_id"] = current
    return event


def _redact_keys(_logger: object, _method: str, event: EventDict) -> EventDict:
    for key in _SECRET_KEYS & event.keys():
        event[key] = _REDACTED
    return event


def _render(_logger: object, _method: str, event: EventDict) -> bytes:
    """Serialise, then redact secrets in the whole line, including nested values and tracebacks."""
    try:
        line = orjson.dumps(event, default=repr, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:  # for example a lone surrogate: logged values come from anywhere
        line = json.dumps(event, default=repr, ensure_ascii=False).encode(errors="replace")
    return _SECRETS.sub(_REDACTED.encode(), line)


def _route_standard_logging(output: BinaryIO, *, level: str, tracing: bool) -> None:
    logging.basicConfig(
        handlers=[standard_handler(output, tracing=tracing)], level=level.upper(), force=True
    )
    logging.captureWarnings(capture=True)
    # uvicorn has already given its loggers handlers. uvicorn.access is left out: --no-access-log
    # silences it, and this would enable it again.
    for name in ("uvicorn", "uvicorn.error", "uvicorn.asgi"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


def standard_handler(output: BinaryIO, *, tracing: bool) -> logging.Handler:
    """Return a handler that formats the standard library's records like our events."""
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, *_enrich(tracing=tracing)],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _render_text],
    )
    handler = LineHandler(structlog.BytesLogger(output))
    handler.setFormatter(formatter)
    return handler


def _render_text(logger: object, method: str, event: EventDict) -> str:
    return _render(logger, method, event).decode()


class LineHandler(logging.Handler):
    """Writes records through the logger of the events, so that lines never mix."""

    def __init__(self, lines: structlog.BytesLogger) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.msg(self.format(record).encode())
