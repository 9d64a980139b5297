"""Metrics of the process itself: HTTP, database pool, build. Domains define their own.

Labels are bounded: the route's template, the method, the class of the status; never an id.
"""

from collections.abc import Iterable
from functools import cache

from fastapi import FastAPI
from prometheus_client import Counter, Gauge, Histogram
from prometheus_fastapi_instrumentator.metrics import Info
from prometheus_fastapi_instrumentator.middleware import PrometheusInstrumentatorMiddleware
from sqlalchemy import QueuePool
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import Scope

from backend import __version__
from backend.telemetry import exposition
from backend.telemetry.tracing import exemplar

METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
UNMATCHED = "unmatched"

REQUESTS = Counter(
    "backend_http_requests_total",
    "Answered requests.",
    ["route", "method", "status"],
)
DURATION = Histogram(
    "backend_http_request_duration_seconds",
    "Time from the request's first byte in the application to the end of its answer.",
    ["route", "method"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
POOL_CONNECTIONS = Gauge(
    "backend_database_pool_connections",
    "Connections of the pool, by state.",
    ["state"],
)
POOL_LIMIT = Gauge("backend_database_pool_limit_connections", "Connections that the pool may open.")
BUILD = Gauge("backend_build_info", "Always 1; the version is the label.", ["version"])


class HttpMetricsMiddleware(PrometheusInstrumentatorMiddleware):
    """The instrumentator's middleware, without its own search for the route.

    It would match every route a second time before the application does, which costs as much as
    a bare FastAPI request (docs/adr/0005-http-metrics.md). `_observe` asks the route that was
    taken instead, so the handler's name stays unused here.
    """

    def _get_handler(self, request: Request) -> tuple[str, bool]:  # noqa: ARG002  # see above
        return UNMATCHED, True


def install(app: FastAPI) -> None:
    """Measure every request of the application, and serve GET /metrics."""
    app.add_middleware(HttpMetricsMiddleware, instrumentations=[_observe])
    app.get("/metrics", include_in_schema=False)(exposition.metrics)
    show_build()


def expect(routes: Iterable[BaseRoute]) -> None:
    """Create the error series of these routes at 0: a series that begins at 1 has no increase."""
    for route in routes:
        if isinstance(route, Route):
            for method in (route.methods or set()) & METHODS:
                _requests(route.path, method, "5xx")


def show_build() -> None:
    BUILD.labels(__version__).set(1)


def watch_pool(engine: AsyncEngine) -> None:
    """Make the pool gauges read this engine's pool."""
    pool = engine.pool
    assert isinstance(pool, QueuePool)  # noqa: S101  # the engine's factory makes no other
    POOL_LIMIT.set(pool.size())
    POOL_CONNECTIONS.labels("used").set_function(pool.checkedout)
    POOL_CONNECTIONS.labels("idle").set_function(pool.checkedin)


def route_template(scope: Scope) -> str:
    """Return the declared path of the route that handles the request."""
    route = scope.get("route")
    return getattr(route, "path", UNMATCHED)


@cache
def _requests(route: str, method: str, status: str) -> Counter:
    return REQUESTS.labels(route, method, status)


@cache
def _duration(route: str, method: str) -> Histogram:
    return DURATION.labels(route, method)


def _observe(info: Info) -> None:
    route = route_template(info.request.scope)
    # Clients can send any method, but the values of a label must stay bounded.
    method = info.method if info.method in METHODS else "other"
    _requests(route, method, info.modified_status).inc()
    failed = info.modified_status == "5xx"
    _duration(route, method).observe(info.modified_duration, exemplar(failed=failed))
