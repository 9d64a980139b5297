"""Parses a body of events into a delivery, so that the intake treats them as any other alerts."""

from collections.abc import Sequence

import orjson
from pydantic import ValidationError

from backend.alerts.errors import MalformedJson, NoEvents, TooManyEvents
from backend.alerts.events.event import Event
from backend.alerts.intake.delivery import Delivery, Note, Notes
from backend.alerts.intake.json_reader import Body
from backend.alerts.intake.parsing import parse_delivery
from backend.alerts.schemas import RejectedAlert
from backend.sentences import sentence

MAX_EVENTS = 1000
RECEIVER = "events"


async def parse_events(body: Body) -> tuple[Delivery, list[str | None]]:
    """Return the delivery and the fingerprint of each event, None for a rejected one."""
    places: list[int] = []
    events: list[Event] = []
    rejected: list[RejectedAlert] = []
    sent = _list_of(body)
    for index, one in enumerate(sent):
        try:
            events.append(Event.model_validate(one))
            places.append(index)
        except ValidationError as error:
            rejected.append(_rejection(index, error))
    alerts = [event.alert() for event in events]
    delivery = await parse_delivery(orjson.dumps({"receiver": RECEIVER, "alerts": alerts}))
    _place(delivery.rejections, places)
    _place(delivery.repairs, places)
    fingerprints: list[str | None] = [None] * len(sent)
    for place, event in zip(places, events, strict=True):
        fingerprints[place] = event.fingerprint()
    for each in rejected:
        delivery.rejections.add(each)
    for each in delivery.rejections.listed:
        fingerprints[each.index] = None
    return delivery, fingerprints


def _place(notes: Notes[Note], places: Sequence[int]) -> None:
    """Let notes name the places in the body: events that are no events have no alert."""
    notes.listed = [note.model_copy(update={"index": places[note.index]}) for note in notes.listed]


def _list_of(body: Body) -> list[object]:
    try:
        sent = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedJson from error
    events = sent if isinstance(sent, list) else [sent]
    if not events:
        raise NoEvents
    if len(events) > MAX_EVENTS:
        raise TooManyEvents(
            f"The list has {len(events)} events: send at most {MAX_EVENTS} at once."
        )
    return events


def _rejection(index: int, error: ValidationError) -> RejectedAlert:
    first = error.errors(include_url=False, include_input=False)[0]
    if not first["loc"]:
        detail = "An event must be a JSON object."
    else:
        detail = f"`{first['loc'][0]}`: {sentence(first)}"
    return RejectedAlert(index=index, code="invalid_event", detail=detail)
