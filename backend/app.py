"""The application: routers, error handlers and the lifespan of what they share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from backend import errors
from backend.alerts.body import LargeBodies
from backend.alerts.router import router as alerts_router
from backend.db.engine import Database, create_engine
from backend.health.router import router as health_router
from backend.integrations.router import router as integrations_router
from backend.settings import Settings

# Matching is linear: the busiest routes come first.
ROUTERS: tuple[APIRouter, ...] = (alerts_router, integrations_router, health_router)


def create_app(settings: Settings) -> FastAPI:
    app = FastAPI(
        title="Observability platform",
        max_body_size=settings.max_body_bytes,
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    app.state.settings = settings
    app.state.database = Database.from_engine(create_engine(settings))
    app.state.large_bodies = LargeBodies()
    errors.install(app)
    for router in ROUTERS:
        app.include_router(router)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    await app.state.database.engine.dispose()
