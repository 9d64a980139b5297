"""Tracing: what reaches a collector when there is one, and that without one it costs nothing."""

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from backend.settings import Settings
from tests.support.process import API, run, running
from tests.support.settings import environment_of

PATH = "/api/v1/integrations"


class Collector:
    """Takes spans over OTLP/HTTP, as a collector does."""

    def __init__(self) -> None:
        self.spans: list[Any] = []
        self.paths: list[str] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector._take(self.path, body, self.headers.get("Content-Encoding"))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_arguments: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def _take(self, path: str, body: bytes, encoding: str | None) -> None:
        assert encoding is None, encoding
        self.paths.append(path)
        request = ExportTraceServiceRequest.FromString(body)
        for resource_spans in request.resource_spans:
            for scope_spans in resource_spans.scope_spans:
                self.spans += [(resource_spans.resource, span) for span in scope_spans.spans]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.close()


def attributes(of: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in of.attributes}


async def test_a_request_is_a_span_whose_trace_is_in_the_log(
    settings: Settings, admin_token: str, collector: Collector
) -> None:
    traced = settings.model_copy(
        update={
            "otlp_endpoint": collector.endpoint,
            "trace_sample_ratio": 1.0,
            "log_level": "info",
        }
    )
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with running(API, environment_of(traced)) as process:
        url = await asyncio.to_thread(process.base_url)
        async with httpx2.AsyncClient(base_url=url) as client:
            await client.get("/ready")
            await client.get(
                PATH, headers={"Authorization": f"Bearer {admin_token}", "traceparent": parent}
            )
        process.terminate()
        await asyncio.to_thread(process.wait)
        events = [event for event in process.events() if event["event"] == "http_request"]

    assert set(collector.paths) == {"/v1/traces"}
    ((resource, span),) = collector.spans  # probes are not traced
    assert span.name == f"GET {PATH}"
    assert span.trace_id.hex() == "0af7651916cd43dd8448eb211c80319c"
    assert span.parent_span_id.hex() == "b7ad6b7169203331"
    assert attributes(span)["http.route"] == PATH
    assert attributes(span)["http.response.status_code"] == 200
    assert attributes(resource)["service.name"] == "backend"
    assert attributes(resource)["deployment.environment.name"] == "test"
    assert admin_token not in str(span)
    assert [event.get("trace_id") for event in events] == [span.trace_id.hex()]


def test_without_an_endpoint_the_sdk_is_not_even_imported(settings: Settings) -> None:
    program = (
        "import sys, backend.asgi;"
        "print([name for name in sys.modules if name.startswith('opentelemetry.sdk')])"
    )

    ended = run(("-c", program), environment_of(settings))

    assert ended.stdout == "[]\n", ended.stderr
