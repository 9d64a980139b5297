"""GET /health and GET /ready."""

from typing import Literal, cast

from fastapi import APIRouter, Request
from pydantic import BaseModel

from backend.errors import DatabaseUnavailable, problem_responses
from backend.health.readiness import DrainingNow, Readiness, SchemaTooOld

router = APIRouter(tags=["health"])


class Status(BaseModel):
    status: Literal["ok"] = "ok"


@router.get("/health")
async def health() -> Status:
    """Report that the process runs. It never asks the database: a restart would not repair that."""
    return Status()


@router.get("/ready", responses=problem_responses(DatabaseUnavailable, SchemaTooOld, DrainingNow))
async def ready(request: Request) -> Status:
    """Report whether to send requests here: the database answers and its schema is new enough."""
    await cast("Readiness", request.app.state.readiness).check()
    return Status()
