"""Samples traces and exports them with OpenTelemetry over OTLP/HTTP.

Imported only when there is an endpoint: the SDK and its exporter cost start-up time and memory.
Reasons and figures: docs/adr/0006-tracing.md.
"""

import socket
import threading
from collections.abc import Mapping

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision, ParentBased, TraceIdRatioBased
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from backend import __version__
from backend.settings import Settings
from backend.telemetry import spans
from backend.telemetry.tracing import Trail

# About 4 MB of spans. While the collector is unavailable, new spans replace the oldest.
QUEUE_SPANS = 2048
BATCH_SPANS = 512
DELAY_SECONDS = 2.0
# One batch with its retries. Only the exporter's own thread waits for it.
EXPORT_SECONDS = 5.0
# At the end of the process. A pod has ten seconds left after its last request.
FLUSH_SECONDS = 3.0

_PROPAGATOR = TraceContextTextMapPropagator()
_IDS = RandomIdGenerator()


class OtlpTraces:
    """Samples by parent and ratio, and exports sampled trails in the background."""

    def __init__(self, settings: Settings, *, service: str, ratio: float) -> None:
        self._sampler = ParentBased(TraceIdRatioBased(ratio))
        self._resource = Resource.create(
            {
                "service.name": service,
                "service.version": __version__,
                "service.instance.id": socket.gethostname(),  # a pod's name
                "deployment.environment.name": settings.environment,
            }
        )
        self._exporter = OTLPSpanExporter(
            endpoint=f"{settings.otlp_endpoint}/v1/traces", timeout=EXPORT_SECONDS
        )
        self._batch = BatchSpanProcessor(
            self._exporter,
            max_queue_size=QUEUE_SPANS,
            schedule_delay_millis=DELAY_SECONDS * 1000,
            max_export_batch_size=BATCH_SPANS,
        )

    def begin(self, traceparent: str | None = None) -> Trail:
        context = _PROPAGATOR.extract({} if traceparent is None else {"traceparent": traceparent})
        caller = trace.get_current_span(context).get_span_context()
        trace_id = caller.trace_id if caller.is_valid else _IDS.generate_trace_id()
        decision = self._sampler.should_sample(context, trace_id, "").decision
        return Trail(
            trace_id=trace.format_trace_id(trace_id),
            sampled=decision is Decision.RECORD_AND_SAMPLE,
            parent_span_id=caller.span_id if caller.is_valid else None,
        )

    def export(
        self, trail: Trail, name: str, attributes: Mapping[str, str | int], *, failed: bool
    ) -> None:
        for span in spans.of(trail, name, attributes, resource=self._resource, failed=failed):
            self._batch.on_end(span)

    def flush(self) -> None:
        self._batch.force_flush()

    def shutdown(self) -> None:
        """Export the queued spans; give up after FLUSH_SECONDS if the collector does not answer."""
        give_up = threading.Timer(FLUSH_SECONDS, self._exporter.shutdown)
        give_up.daemon = True
        give_up.start()
        self._batch.shutdown()  # type: ignore[no-untyped-call]  # the SDK does not annotate it
        give_up.cancel()
