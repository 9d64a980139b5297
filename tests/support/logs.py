"""Reading what the backend logs."""

import io
from functools import cache
from typing import Any

import orjson

from backend.telemetry import logs


@cache
def log_sink() -> io.BytesIO:
    """Send the logs of this process to memory, once: loggers keep the stream they began with."""
    sink = io.BytesIO()
    logs.configure(level="info", tracing=True, stream=sink)
    return sink


class Logged:
    """What has been written to a sink of log lines since this was made."""

    def __init__(self, sink: io.BytesIO) -> None:
        sink.seek(0)
        sink.truncate()
        self._sink = sink

    def text(self) -> str:
        return self._sink.getvalue().decode()

    def all(self) -> list[dict[str, Any]]:
        return [orjson.loads(line) for line in self.text().splitlines()]

    def events(self, name: str) -> list[dict[str, Any]]:
        return [event for event in self.all() if event["event"] == name]
