"""Runs in the pod as Loki's chart starts it. The standard library and PyYAML."""

import argparse
import json
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import yaml

from e2e.monitoring.loki import push, query
from e2e.monitoring.loki.configuration import Limits, read
from e2e.monitoring.loki.errors import ConfigurationError, Refused
from e2e.monitoring.loki.store import Store

_FORGET_SECONDS = 60
_VALUES = re.compile(r"/loki/api/v1/label/(\w+)/values")
_VARIABLE = re.compile(r"\$\{(\w+)(?::([^}]*))?\}")


class Handler(BaseHTTPRequestHandler):
    """Answers about one store; `serve` makes the class that knows which."""

    protocol_version = "HTTP/1.1"
    store: ClassVar[Store]
    limits: ClassVar[Limits]

    def do_GET(self) -> None:
        self._answer_or_refuse(self._get)

    def do_POST(self) -> None:
        self._answer_or_refuse(self._post)

    def _get(self) -> None:
        url = urlsplit(self.path)
        asked = dict(parse_qsl(url.query))
        values = _VALUES.fullmatch(url.path)
        if values:
            self._json({"status": "success", "data": query.label_values(self.store, values[1])})
            return
        match url.path:
            case "/ready":
                self._send(200, "text/plain", b"ready\n")
            case "/metrics":
                self._send(200, "text/plain; version=0.0.4", self._metrics())
            case "/loki/api/v1/status/buildinfo":
                self._json({"version": "stand-in"})
            case "/loki/api/v1/labels":
                self._json({"status": "success", "data": query.labels(self.store)})
            case "/loki/api/v1/query_range":
                self._json({"status": "success", "data": self._query_range(asked)})
            case _:
                raise Refused(404, "404 page not found")

    def _post(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if urlsplit(self.path).path != "/loki/api/v1/push":
            raise Refused(404, "404 page not found")
        kind = self.headers.get("content-type", "").partition(";")[0]
        if kind != "application/json":
            raise Refused(415, f"the stand-in takes no {kind!r}, only application/json")
        try:
            content = json.loads(body)
        except ValueError as error:
            raise Refused(400, str(error)) from None
        entries = push.entries(content, self.limits, now=time.time_ns())
        streams = {*self.store.streams(), *(stream for stream, _ in entries)}
        if len(streams) > self.limits.max_streams:
            raise Refused(429, f"Maximum active stream limit exceeded: {self.limits.max_streams}")
        self.store.add(entries)
        self._send(204, "", b"")

    def _query_range(self, asked: dict[str, str]) -> dict[str, Any]:
        flags = self.headers.get("x-loki-response-encoding-flags", "")
        return query.query_range(
            self.store,
            self.limits,
            asked,
            now=time.time_ns(),
            categorize=query.CATEGORIZE in flags,
        )

    def _metrics(self) -> bytes:
        values = {
            "loki_build_info": 1,
            "loki_distributor_lines_received_total": self.store.taken,
            "loki_ingester_memory_streams": len(self.store.streams()),
        }
        return "".join(f"{name} {value}\n" for name, value in values.items()).encode()

    def _answer_or_refuse(self, answer: Callable[[], None]) -> None:
        try:
            answer()
        except Refused as refused:
            self._send(refused.status, "text/plain; charset=utf-8", f"{refused}\n".encode())

    def _json(self, content: object) -> None:
        self._send(200, "application/json", json.dumps(content).encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        if kind:
            self.send_header("content-type", kind)
        if status != 204:
            self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Keep quiet: the kubelet asks every few seconds."""


def serve(store: Store, limits: Limits, port: int) -> ThreadingHTTPServer:
    return ThreadingHTTPServer(
        ("", port), type("Bound", (Handler,), {"store": store, "limits": limits})
    )


def expand(text: str) -> str:
    """Put the environment in, as `-config.expand-env` does: `${NAME}` and `${NAME:default}`."""
    return _VARIABLE.sub(lambda found: os.environ.get(found[1], found[2] or ""), text)


def _arguments(words: list[str]) -> argparse.Namespace:
    # Go's flags have one dash.
    parser = argparse.ArgumentParser(prog="loki", allow_abbrev=False)
    parser.add_argument("-config.file", dest="configuration", type=Path, required=True)
    parser.add_argument("-config.expand-env", dest="expand", choices=["true", "false"])
    parser.add_argument("-memberlist.advertise-addr", dest="address")
    parser.add_argument("-target", choices=["all"], default="all")
    return parser.parse_args(words)


def _keep_forgetting(store: Store, limits: Limits) -> None:
    while limits.retention is not None:
        store.forget(time.time_ns() - int(limits.retention * 1e9))
        time.sleep(_FORGET_SECONDS)


def main() -> None:
    print("stand-in for Loki, started with:", *sys.argv[1:], flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    given = _arguments(sys.argv[1:])
    text = given.configuration.read_text()
    try:
        settings = read(yaml.safe_load(expand(text) if given.expand == "true" else text))
    except (ConfigurationError, KeyError, TypeError, ValueError) as error:
        sys.exit(f"{given.configuration}: {error!r}")
    store = Store(settings.folder)
    threading.Thread(target=_keep_forgetting, args=(store, settings.limits), daemon=True).start()
    serve(store, settings.limits, settings.port).serve_forever()


if __name__ == "__main__":
    main()
