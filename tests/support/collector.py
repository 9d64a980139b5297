"""Takes spans over OTLP/HTTP on loopback, as a collector does."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.support.http import Asked, listening


@dataclass(frozen=True)
class Received:
    """A span as it travelled, with its ids in the form of logs and its attributes as a mapping."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    began_ns: int
    ended_ns: int
    failed: bool
    attributes: dict[str, Any]
    resource: dict[str, Any]
    text: str


class Collector:
    """What has arrived so far."""

    def __init__(self) -> None:
        self.endpoint = ""
        self.spans: list[Received] = []
        self.paths: set[str] = set()

    def named(self, name: str) -> Received:
        (found,) = (span for span in self.spans if span.name == name)
        return found

    def below(self, parent: Received) -> list[Received]:
        """Return the children of a span in the order in which they began."""
        children = [span for span in self.spans if span.parent_id == parent.span_id]
        return sorted(children, key=lambda span: span.began_ns)

    def take(self, asked: Asked) -> None:
        self.paths.add(asked.path)
        for group in ExportTraceServiceRequest.FromString(asked.body).resource_spans:
            resource = _attributes(group.resource)
            for scope in group.scope_spans:
                self.spans += [_received(span, resource) for span in scope.spans]


@contextmanager
def collecting() -> Iterator[Collector]:
    collector = Collector()

    def take(asked: Asked) -> tuple[str, str]:
        collector.take(asked)
        return "application/x-protobuf", ""

    with listening(take) as port:
        collector.endpoint = f"http://127.0.0.1:{port}"
        yield collector


def _received(span: Any, resource: dict[str, Any]) -> Received:
    return Received(
        name=span.name,
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        began_ns=span.start_time_unix_nano,
        ended_ns=span.end_time_unix_nano,
        failed=span.status.code == span.status.STATUS_CODE_ERROR,
        attributes=_attributes(span),
        resource=resource,
        text=str(span),
    )


def _attributes(of: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in of.attributes}
