"""Parses a body of events into a delivery, so that the intake treats them as any other alerts."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

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


async def parse_events(body: Body, now: datetime) -> tuple[Delivery, list[str | None]]:
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
    # What says no time happened now: in a list, that is after what says an earlier one.
    delivery = await parse_delivery(_message(alerts), untimed=now)
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
    sent = _read(body)
    events = sent if isinstance(sent, list) else [sent]
    if not events:
        raise NoEvents
    if len(events) > MAX_EVENTS:
        raise TooManyEvents(
            f"The list has {len(events)} events: send at most {MAX_EVENTS} at once."
        )
    return events


def _read(body: Body) -> object:
    """Read JSON, and what tools take for it, so that one text does not cost all events.

    A byte that is not UTF-8 becomes half a surrogate pair here, as in what some tools cut: the
    event refuses it in its key, the intake in labels, and anything else is repaired.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(body.decode("utf-8-sig", "surrogateescape"), strict=False)
    except (ValueError, RecursionError) as error:
        raise MalformedJson from error


def _message(alerts: Sequence[Mapping[str, Any]]) -> bytes:
    message = {"receiver": RECEIVER, "alerts": alerts}
    try:
        return orjson.dumps(message)
    except TypeError:
        pass  # half a surrogate pair, or values nested deeper than it goes
    try:
        return json.dumps(message, default=datetime.isoformat).encode()
    except RecursionError as error:
        raise MalformedJson("The values in an event are nested too deeply.") from error


def _rejection(index: int, error: ValidationError) -> RejectedAlert:
    first = error.errors(include_url=False, include_input=False)[0]
    if not first["loc"]:
        detail = "An event must be a JSON object."
    else:
        detail = f"`{first['loc'][0]}`: {sentence(first)}"
    return RejectedAlert(index=index, code="invalid_event", detail=detail)
