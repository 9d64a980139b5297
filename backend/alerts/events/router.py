"""/api/v1/events: alerts of scripts and of tools that do not speak Alertmanager's language."""

from datetime import datetime
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response

from backend.alerts.errors import (
    BodyTooSlow,
    IncompleteBody,
    IntakeBusy,
    MalformedJson,
    NoEvents,
    NotForIngest,
    TooManyEvents,
)
from backend.alerts.events.event import Event
from backend.alerts.events.parsing import MAX_EVENTS, parse_events
from backend.alerts.intake.endpoint import take
from backend.alerts.intake.ingest import store
from backend.alerts.intake.json_reader import Body
from backend.alerts.schemas import EventsResult
from backend.auth.dependencies import IngestPrincipal
from backend.db.session import SessionDep
from backend.errors import (
    BodyTooLarge,
    DatabaseUnavailable,
    Forbidden,
    Unauthorized,
    problem_responses,
)

PATH = "/api/v1/events"

router = APIRouter(tags=["alerts"])

_EXAMPLE = {
    "dedup_key": "backup/orders",
    "status": "firing",
    "summary": "The backup of the database orders failed",
    "service": "orders",
    "severity": "critical",
    "links": {"source": "https://ci.example/jobs/backup-orders"},
}


def _body() -> dict[str, Any]:
    event = Event.model_json_schema()
    events = {"type": "array", "items": event, "minItems": 1, "maxItems": MAX_EVENTS}
    content = {"application/json": {"schema": {"anyOf": [event, events]}, "example": _EXAMPLE}}
    return {"requestBody": {"required": True, "content": content}}


def _responses() -> dict[int | str, dict[str, Any]]:
    errors = problem_responses(
        Unauthorized,
        Forbidden,
        NotForIngest,
        MalformedJson,
        IncompleteBody,
        BodyTooLarge,
        NoEvents,
        TooManyEvents,
        DatabaseUnavailable,
        IntakeBusy,
        BodyTooSlow,
    )
    none_accepted = {"schema": {"$ref": "#/components/schemas/EventsResult"}}
    errors[HTTPStatus.UNPROCESSABLE_ENTITY]["content"]["application/json"] = none_accepted
    return errors


@router.post(
    PATH,
    response_model=EventsResult,
    response_model_exclude_unset=True,
    responses=_responses(),
    openapi_extra=_body(),
)
async def receive_events(
    principal: IngestPrincipal, request: Request, response: Response, session: SessionDep
) -> EventsResult | Response:
    """Take one event or a list of them, at most 1,000, as alerts of the token's integration.

    An invalid event is reported under `rejected` and does not affect the others; the status is 422
    if none was accepted. `fingerprints` has one for each event: its alert is at
    /api/v1/alerts/{integration}/{fingerprint}. Send the same body again after any 5xx.
    """
    if principal.integration_id is None:
        raise NotForIngest
    integration_id = principal.integration_id

    async def work(body: Body, now: datetime) -> EventsResult:
        delivery, fingerprints = await parse_events(body, now)
        stored = await store(session, integration_id, delivery, body, now)
        if stored.accepted == 0:
            response.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
        return EventsResult(**stored.model_dump(exclude_none=True), fingerprints=fingerprints)

    return await take(request, session, integration_id, work)
