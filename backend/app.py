"""The application: routers, middleware, error handlers and the lifespan of what they share."""

from __future__ import annotations

import asyncio
import gc
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI
from fastapi.telemetry import TelemetryConfig

from backend import __version__, errors
from backend.alerts.closing import close_revoked
from backend.alerts.events import router as events
from backend.alerts.intake.body import LargeBodies
from backend.alerts.lists.router import router as lists_router
from backend.alerts.router import router as intake_router
from backend.catalog.router import router as catalog_router
from backend.console import router as console
from backend.db.engine import Database, create_engine
from backend.health.readiness import Readiness
from backend.health.router import router as health_router
from backend.http import openapi
from backend.http.compression import DecompressionMiddleware
from backend.http.lifecycle import Draining, drain_on_sigterm
from backend.http.middleware import (
    BodyLimitMiddleware,
    DrainMiddleware,
    RequestContextMiddleware,
    SecurityHeadersMiddleware,
)
from backend.http.slashes import TrailingSlashMiddleware
from backend.http.traced_requests import TraceMiddleware
from backend.integrations.router import router as integrations_router
from backend.telemetry import metrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from backend.settings import Settings
    from backend.telemetry.tracing import Traces

# Matching is linear: the busiest routes come first.
ROUTERS: tuple[APIRouter, ...] = (
    intake_router,
    health_router,
    lists_router,
    catalog_router,
    integrations_router,
    events.router,
)

# Bodies are small, except for these paths.
BODY_BYTES = 64 * 1024
LARGE_BODY_PATHS = ("/api/v1/webhooks/alertmanager",)
EVENTS_BYTES = 1024 * 1024

# Our own tracing keeps the trace of every error at a third of the cost (docs/adr/0006-tracing.md).
NO_TELEMETRY = TelemetryConfig(tracing=False, metrics=False, logs=False, auto_configure=False)


def create_app(settings: Settings) -> FastAPI:
    """Build the application. It connects to nothing before its first request."""
    traces = _traces(settings)
    app = FastAPI(
        title="Observability platform",
        version=__version__,
        telemetry=NO_TELEMETRY,
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        generate_unique_id_function=openapi.operation_id,
    )
    app.state.settings = settings
    app.state.database = Database.from_engine(create_engine(settings))
    app.state.large_bodies = LargeBodies()
    app.state.on_revoke = close_revoked
    app.state.draining = Draining()
    app.state.readiness = Readiness(app.state.database, app.state.draining)
    app.state.traces = traces
    _add_middleware(app, settings)
    routes = [route for router in ROUTERS for route in router.routes]
    errors.install(app, routes)
    openapi.install(app)
    metrics.install(app)
    metrics.expect(routes)
    if traces is not None:
        app.add_middleware(TraceMiddleware, traces=traces)
    for router in ROUTERS:
        app.include_router(router)
    console.install(app, settings)
    return app


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    """Add the middleware from the inside out: the last one sees a request first."""
    app.add_middleware(
        BodyLimitMiddleware,
        default=BODY_BYTES,
        limits=dict.fromkeys(LARGE_BODY_PATHS, settings.max_body_bytes)
        | {events.PATH: min(EVENTS_BYTES, settings.max_body_bytes)},
    )
    app.add_middleware(DecompressionMiddleware)
    app.add_middleware(DrainMiddleware, draining=app.state.draining)
    app.add_middleware(RequestContextMiddleware)
    app.add_middleware(SecurityHeadersMiddleware)
    app.add_middleware(TrailingSlashMiddleware)


def _traces(settings: Settings) -> Traces | None:
    if not settings.traced:
        return None
    from backend.telemetry.export import OtlpTraces  # noqa: PLC0415  its SDK is large

    return OtlpTraces(settings, service="backend", ratio=settings.trace_sample_ratio)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    metrics.watch_pool(app.state.database.engine)
    _tune_garbage_collection()
    try:
        with drain_on_sigterm(app.state.draining):
            yield
    finally:
        await app.state.database.engine.dispose()
        if app.state.traces is not None:
            await asyncio.to_thread(app.state.traces.shutdown)


def _tune_garbage_collection() -> None:
    """Exclude the objects of start-up from later collections: p99 of intake falls by 2 to 6."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
