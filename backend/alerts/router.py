"""/api/v1/webhooks/alertmanager."""

from functools import partial

from fastapi import APIRouter, Request, Response

from backend.alerts.errors import (
    BodyTooSlow,
    IncompleteBody,
    IntakeBusy,
    MalformedJson,
    NotAlertmanagerMessage,
    NotForIngest,
    TooManyAlerts,
)
from backend.alerts.intake.endpoint import take
from backend.alerts.intake.ingest import ingest
from backend.alerts.openapi import delivery_body
from backend.alerts.schemas import IngestResult
from backend.auth.dependencies import IngestPrincipal
from backend.db.session import SessionDep
from backend.errors import (
    BodyTooLarge,
    DatabaseUnavailable,
    Forbidden,
    Unauthorized,
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
    integration_id = principal.integration_id
    return await take(request, session, integration_id, partial(ingest, session, integration_id))
