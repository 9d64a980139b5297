"""What every endpoint of the intake does around its body: measuring, and recording a refusal."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from fastapi import Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.alerts.errors import DeliveryTooLarge, RefusedDelivery
from backend.alerts.intake.body import large_bodies_of
from backend.alerts.intake.ingest import record_refusal
from backend.alerts.intake.json_reader import Body
from backend.alerts.metrics import INGEST_SECONDS
from backend.db.base import utc_now
from backend.errors import problem_response

Result = TypeVar("Result")


async def take(
    request: Request,
    session: AsyncSession,
    integration_id: int,
    work: Callable[[Body, datetime], Awaitable[Result]],
) -> Result | Response:
    """Let `work` store the body of a request; answer and record what it refuses.

    Refusals are answered, not raised, so that their record is committed. It tells an operator whose
    bodies are refused, those that are too large included.
    """
    try:
        async with large_bodies_of(request).body_of(request) as body:
            now = utc_now()
            with INGEST_SECONDS.time():
                try:
                    return await work(body, now)
                except RefusedDelivery as refused:
                    await record_refusal(session, integration_id, body, refused, now)
                    return problem_response(refused)
    except DeliveryTooLarge as refused:
        await record_refusal(
            session, integration_id, refused.begin, refused, utc_now(), size=refused.size
        )
        return problem_response(refused)
