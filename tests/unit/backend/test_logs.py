"""Lines that a machine can read, whatever is in them, and that no secret gets into."""

import io
import logging
import sys
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import structlog

from backend.auth.tokens import generate_token
from backend.telemetry import logs


@pytest.fixture
def sink() -> io.BytesIO:
    return io.BytesIO()


@pytest.fixture
def log(sink: io.BytesIO) -> Any:
    return structlog.wrap_logger(
        structlog.BytesLogger(sink),
        processors=logs.processors(tracing=False),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )


@pytest.fixture
def standard_log(sink: io.BytesIO) -> Iterator[logging.Logger]:
    """A logger of the standard library that goes where `configure` would send it."""
    handler = logs.standard_handler(sink, tracing=False)
    logger = logging.getLogger("somebody.elses")
    logger.addHandler(handler)
    logger.propagate = False
    yield logger
    logger.removeHandler(handler)


def only_line(sink: io.BytesIO) -> dict[str, Any]:
    (line,) = sink.getvalue().splitlines()
    return orjson.loads(line)  # type: ignore[no-any-return]  # a JSON object


def test_an_event_is_one_line_of_json_with_its_request(log: Any, sink: io.BytesIO) -> None:
    reset = logs.request_id.set("request-1")

    log.info("alert_opened", count=3, multi="a\nb")
    logs.request_id.reset(reset)

    line = only_line(sink)
    assert line | {"timestamp": None} == {
        "event": "alert_opened",
        "level": "info",
        "count": 3,
        "multi": "a\nb",
        "request_id": "request-1",
        "timestamp": None,
    }
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    "fields",
    [
        {"note": "token is {token}"},
        {"nested": {"deep": ["Authorization: Bearer {token}"]}},
        {"authorization": "Bearer {token}"},
        {"token": "{token}"},
        {"headers": "b'authorization', b'bearer {token}'"},
        {"cookie": "console-session={token}"},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_a_token_never_reaches_a_line(log: Any, sink: io.BytesIO, fields: dict[str, Any]) -> None:
    token = generate_token()

    log.info("something", **_filled(fields, token))

    assert token.removeprefix("cnop_") not in sink.getvalue().decode()
    assert "[redacted]" in sink.getvalue().decode()


def _filled(value: Any, token: str) -> Any:
    if isinstance(value, str):
        return value.replace("{token}", token)
    if isinstance(value, list):
        return [_filled(item, token) for item in value]
    return {key: _filled(item, token) for key, item in value.items()}


def test_a_bearer_token_of_any_form_is_redacted(log: Any, sink: io.BytesIO) -> None:
    log.info("something", header="Bearer abcdefghijklmnopqrstuvwxyz0123456789")

    assert only_line(sink)["header"] == "[redacted]"


def test_a_traceback_is_a_field_and_its_secrets_are_redacted(log: Any, sink: io.BytesIO) -> None:
    token = generate_token()
    try:
        int(token)
    except ValueError:
        log.exception("it_failed")

    line = only_line(sink)
    assert "ValueError: invalid literal for int() with base 10: '[redacted]'" in line["exception"]
    assert token not in sink.getvalue().decode()


@pytest.mark.parametrize(
    "value", ["\ud800 alone", "\x00 nul", {1: "key is a number"}, object(), b"\xff", float("nan")]
)
def test_whatever_is_logged_the_line_can_be_read(log: Any, sink: io.BytesIO, value: object) -> None:
    log.info("hostile", value=value)

    assert only_line(sink)["event"] == "hostile"


def test_what_libraries_log_has_the_same_form(
    standard_log: logging.Logger, sink: io.BytesIO
) -> None:
    token = generate_token()

    standard_log.warning("cannot send %s", token)

    line = only_line(sink)
    assert line["event"] == "cannot send [redacted]"
    assert line["level"] == "warning"
    assert line["logger"] == "somebody.elses"


def test_configuring_is_left_to_entry_points() -> None:
    assert "backend.telemetry.logs" in sys.modules
    assert not any(
        isinstance(handler, logs.LineHandler) for handler in logging.getLogger("backend").handlers
    )
