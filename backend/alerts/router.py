"""/api/v1/webhooks/alertmanager and /api/v1/alerts."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from backend.alerts import service
from backend.alerts.errors import (
    AlertNotFound,
    BodyTooSlow,
    IncompleteBody,
    IntakeBusy,
    InvalidLabelFilter,
    MalformedJson,
    NotAlertmanagerMessage,
    NotForIngest,
    RefusedDelivery,
    TooManyAlerts,
)
from backend.alerts.intake.body import large_bodies_of
from backend.alerts.intake.ingest import ingest, record_refusal
from backend.alerts.intake.limits import MAX_LABEL_VALUE_CHARACTERS, MAX_NAME_CHARACTERS
from backend.alerts.intake.limits import MAX_PROMOTED_CHARACTERS as MAX_PROMOTED
from backend.alerts.metrics import INGEST_SECONDS
from backend.alerts.openapi import delivery_body
from backend.alerts.schemas import AlertDetail, AlertFilter, AlertRead, AlertStatus, IngestResult
from backend.auth.dependencies import IngestPrincipal, ReadPrincipal
from backend.db.base import utc_now
from backend.db.pagination import DEFAULT_LIMIT, Cursor, InvalidCursor, Limit, Page
from backend.db.session import ReadSessionDep, SessionDep
from backend.errors import (
    BodyTooLarge,
    DatabaseUnavailable,
    Forbidden,
    InvalidRequest,
    Unauthorized,
    problem_response,
    problem_responses,
)
from backend.http.texts import NO_NUL

router = APIRouter(
    prefix="/api/v1",
    tags=["alerts"],
    responses=problem_responses(Unauthorized, Forbidden, DatabaseUnavailable),
)

_Promoted = Annotated[str | None, Query(max_length=MAX_PROMOTED, pattern=NO_NUL)]
_Label = Annotated[
    str,
    Query(
        max_length=MAX_NAME_CHARACTERS + 1 + MAX_LABEL_VALUE_CHARACTERS,
        pattern=NO_NUL,
        json_schema_extra={"pattern": r"^[^\x00=]+=[^\x00]*$"},
    ),
]
_Labels = Annotated[
    list[_Label],
    Query(
        max_length=32,
        description="name=value; all given pairs must be among the alert's labels.",
        examples=[["namespace=shop"]],
    ),
]
_Slug = Annotated[str, Path(max_length=63, pattern=NO_NUL, description="The integration's slug.")]
_Fingerprint = Annotated[
    str, Path(max_length=128, pattern=NO_NUL, description="As Alertmanager sent it.")
]


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
    are counted, not stored twice. The body may be compressed with gzip or deflate.
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


@router.get(
    "/alerts", responses=problem_responses(InvalidRequest, InvalidCursor, InvalidLabelFilter)
)
async def list_alerts(
    _principal: ReadPrincipal,
    session: ReadSessionDep,
    *,
    status: AlertStatus | None = None,
    service_name: Annotated[_Promoted, Query(alias="service")] = None,
    severity: _Promoted = None,
    integration: Annotated[str | None, Query(max_length=63, pattern=NO_NUL)] = None,
    label: _Labels = [],  # noqa: B006  # FastAPI copies defaults
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[AlertRead]:
    """List alerts, the newest known first, whatever their status unless one is asked for."""
    filters = AlertFilter(
        status=status,
        service=service_name,
        severity=severity,
        integration=integration,
        labels=tuple(_name_and_value(pair) for pair in label),
    )
    return await service.list_alerts(session, filters, limit=limit, cursor=cursor)


def _name_and_value(pair: str) -> tuple[str, str]:
    name, equals, value = pair.partition("=")
    if not name or not equals:
        raise InvalidLabelFilter
    return name, value


# A fingerprint may hold any visible character, a slash included.
@router.get(
    "/alerts/{integration}/{fingerprint:path}",
    responses=problem_responses(InvalidRequest, AlertNotFound),
)
async def read_alert(
    _principal: ReadPrincipal,
    session: ReadSessionDep,
    integration: _Slug,
    fingerprint: _Fingerprint,
) -> AlertDetail:
    """Return one alert with its newest episodes."""
    return await service.get_alert(session, integration, fingerprint)
