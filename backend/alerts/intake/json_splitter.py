"""Finds where the alerts of a delivery begin and end.

A body of 32 MiB would take several hundred MiB as Python objects. Split into one slice for each
alert, it is parsed a chunk at a time, an invalid alert does not affect the others, and the size of
each alert is known before it is parsed. A JSON parser reads the slices afterwards: this module only
decides where they are.
"""

from collections.abc import Container
from dataclasses import dataclass

import orjson

from backend.alerts.errors import MalformedJson, NotAlertmanagerMessage, RefusedDelivery
from backend.alerts.intake.json_reader import Body, Reader, Span, name_of, skip_space
from backend.alerts.intake.limits import LARGE_BODY_BYTES, MAX_MEMBERS

ALERTS = "alerts"
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class SplitBody:
    """`alerts` are byte ranges of the body, None without a list; `envelope` those of members."""

    envelope: dict[str, Span]
    alerts: list[Span] | None


def split(body: Body, wanted: Container[str] = ()) -> SplitBody:
    """Find the alerts of a delivery, and the wanted members around them.

    Raises RefusedDelivery if the body cannot be one. The last of several equal keys counts, as for
    any JSON parser.
    """
    reader = Reader(body, skip_space(body, len(BOM) if body.startswith(BOM) else 0))
    if not reader.at(b"{"):
        raise _no_object(body)
    alerts: list[Span] | None = None
    envelope: dict[str, Span] = {}
    for number, key in enumerate(reader.members()):
        if number > MAX_MEMBERS:
            raise NotAlertmanagerMessage(
                f"The body has more than {MAX_MEMBERS} members beside `alerts`: is this an"
                " Alertmanager webhook message?"
            )
        name, begin = name_of(key), reader.position
        if name == ALERTS:
            alerts = reader.elements() if reader.at(b"[") else None
            envelope[name] = (begin, reader.position)
        elif name in wanted:
            envelope[name] = reader.span()
    if skip_space(body, reader.position) != len(body):
        raise MalformedJson("The body continues after the end of the JSON object.")
    return SplitBody(envelope, alerts)


def _no_object(body: Body) -> RefusedDelivery:
    if len(body) <= LARGE_BODY_BYTES:
        try:
            orjson.loads(body)
        except ValueError:
            return MalformedJson()
    return NotAlertmanagerMessage("The body is not a JSON object.")
