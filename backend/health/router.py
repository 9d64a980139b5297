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
    """Say that the process runs. Never asks the database: a restart would not mend that."""
    return Status()


@router.get("/ready", responses=problem_responses(DatabaseUnavailable, SchemaTooOld, DrainingNow))
async def ready(request: Request) -> Status:
    """Say whether requests should be sent here: the database answers and its schema will do."""
    await cast("Readiness", request.app.state.readiness).check()
    return Status()
