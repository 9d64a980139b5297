"""Cursors of walks: a position, bound to its list."""

from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Annotated

import orjson
from pydantic import BaseModel, Field, TypeAdapter
from sqlalchemy import DateTime

from backend.alerts.lists.walk import Position, Walk
from backend.db.pagination import InvalidCursor, decode_cursor, encode_cursor

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_Int64 = Annotated[int, Field(ge=-(2**63), lt=2**63)]
# The numbers of a position, and a digest of the list: a cursor of another list would skip rows.
_KEY: TypeAdapter[tuple[list[_Int64], str]] = TypeAdapter(tuple[list[_Int64], str])


def digest(filters: BaseModel, *more: str) -> str:
    """Return what tells lists apart: their filters and their order."""
    packed = orjson.dumps([filters.model_dump(mode="json"), *more])
    return blake2b(packed, digest_size=8).hexdigest()


def encode(position: Position, list_of: str) -> str:
    numbers = [
        (value - _EPOCH) // _MICROSECOND if isinstance(value, datetime) else value
        for value in position
    ]
    return encode_cursor(numbers, list_of)


def decode(cursor: str | None, list_of: str, walk: Walk) -> Position | None:
    """Return the position; raise InvalidCursor for a cursor of another list."""
    if cursor is None:
        return None
    numbers, cursor_of = decode_cursor(cursor, _KEY)
    keys = walk.branches[0].keys
    if cursor_of != list_of or len(numbers) != len(keys):
        raise InvalidCursor(
            "The cursor belongs to a list with other filters or another order: leave it out to"
            " begin at the first page."
        )
    try:
        return tuple(
            _EPOCH + number * _MICROSECOND if isinstance(key.type, DateTime) else number
            for number, key in zip(numbers, keys, strict=True)
        )
    except OverflowError as error:
        raise InvalidCursor from error
