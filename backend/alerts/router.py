"""/api/v1/webhooks/alertmanager."""

from fastapi import APIRouter, Request, Response

from backend.alerts.errors import (
    BodyTooSlow,
    IncompleteBody,
    IntakeBusy,
    MalformedJson,
    NotAlertmanagerMessage,
    NotForIngest,
    RefusedDelivery,
    TooManyAlerts,
)
from backend.alerts.intake.body import large_bodies_of
from backend.alerts.intake.ingest import ingest, record_refusal
from backend.alerts.metrics import INGEST_SECONDS
from backend.alerts.openapi import delivery_body
from backend.alerts.schemas import IngestResult
from backend.auth.dependencies import IngestPrincipal
from backend.db.base import utc_now
from backend.db.session import SessionDep
from backend.errors import (
    BodyTooLarge,
    DatabaseUnavailable,
    Forbidden,
    Unauthorized,
    problem_response,
    problem_responses,
)

router = APIRouter(
    prefix="/api/v1",
    tags=["alerts"],
    responses=problem_responses(Unauthorized, Forbidden, DatabaseUnavailable),
)


@router.post(
    "/webhooks/alertmanager",
    response_model=IngestResult,
    response_model_exclude_none=True,
    responses=problem_responses(
        MalformedJson,
        IncompleteBody,
        NotForIngest,
        BodyTooLarge,
        NotAlertmanagerMessage,
        TooManyAlerts,
        DatabaseUnavailable,
        IntakeBusy,
        BodyTooSlow,
    ),
    openapi_extra=delivery_body(),
)
async def receive_alerts(
    principal: IngestPrincipal, request: Request, session: SessionDep
) -> IngestResult | Response:
    """Take one delivery of Alertmanager's webhook receiver.

    An invalid alert in it is reported under `rejected` and does not affect the others. What only
    helps people never costs an alert: it is converted, cut or left out, and reported under
    `repaired`. At most 1,000 of each are listed. Send the same body again after any 5xx: repeats
    are counted, not stored twice. The body may be compressed with gzip, deflate or zstd.
    """
    if principal.integration_id is None:
        raise NotForIngest
    async with large_bodies_of(request).body_of(request) as body:
        now = utc_now()
        with INGEST_SECONDS.time():
            try:
                return await ingest(session, principal.integration_id, body, now)
            except RefusedDelivery as refused:
                # Answered, not raised, so that its record is committed.
                await record_refusal(session, principal.integration_id, body, refused, now)
                return problem_response(refused)
