"""GET /health and GET /ready."""

import asyncio
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel

from backend.db.schema import required_revision, stored_revision
from backend.db.session import database_of
from backend.errors import DatabaseUnavailable, problem_responses

router = APIRouter(tags=["health"])

READY_TIMEOUT_SECONDS = 2


class Status(BaseModel):
    status: Literal["ok"] = "ok"


class SchemaTooOld(DatabaseUnavailable):
    code = "schema_too_old"
    detail = "The database schema is older than this release needs: run the migrations."


@router.get("/health")
async def health() -> Status:
    """Say that the process runs; never asks the database (a restart would not mend that)."""
    return Status()


@router.get("/ready", responses=problem_responses(DatabaseUnavailable, SchemaTooOld))
async def ready(request: Request) -> Status:
    """Say whether requests should be sent here."""
    async with asyncio.timeout(READY_TIMEOUT_SECONDS):
        async with database_of(request).read_sessions() as session:
            stored = await stored_revision(session)
    if stored is None or stored < required_revision():
        raise SchemaTooOld
    return Status()
