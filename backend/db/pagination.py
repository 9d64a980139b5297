"""Keyset pagination: pages that neither skip nor repeat rows while the table changes."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar

import orjson
from fastapi import Query
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from backend.errors import InvalidRequest

MAX_LIMIT = 200
DEFAULT_LIMIT = 50

Item = TypeVar("Item")
Key = TypeVar("Key")

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Items in one page.")]
Cursor = Annotated[
    str | None,
    Query(max_length=1024, description="`next_cursor` of the previous page; absent: first page."),
]


def encode_cursor(*key: str | float | list[int]) -> str:
    """Pack the sort key of a page's last row. The cursor is opaque, not secret."""
    return urlsafe_b64encode(orjson.dumps(key)).rstrip(b"=").decode()


class Page(BaseModel, Generic[Item]):
    items: list[Item]
    next_cursor: str | None = Field(
        description="Asks for the page after this one; null on the last.",
        examples=[encode_cursor(42)],
    )


class InvalidCursor(InvalidRequest):
    code = "invalid_cursor"
    detail = "The cursor is not valid for this list."


def decode_cursor(cursor: str, key: TypeAdapter[Key]) -> Key:
    """Unpack a cursor to a key of the given (tuple) type, or raise InvalidCursor."""
    try:
        packed = urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        return key.validate_json(packed, strict=True)
    except (ValueError, ValidationError) as error:
        raise InvalidCursor from error


def split_page(rows: Sequence[Item], limit: int) -> tuple[Sequence[Item], bool]:
    """Split `limit + 1` fetched rows into the page and whether there are more."""
    return rows[:limit], len(rows) > limit
