"""Lists as CSV or JSON lines, written while they are read: memory holds one page.

An answer ends after so many rows or seconds. The `next_cursor` of its last row, which is empty in
all others, then goes on: the same request with `cursor=`.
"""

import csv
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from enum import StrEnum
from io import StringIO
from time import monotonic
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import Depends, Query, Request
from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import StreamingResponse

from backend.db.errors import database_errors
from backend.db.pagination import Page
from backend.db.session import database_of

ROWS_EACH = 1000
MAX_ROWS = 100_000
MAX_SECONDS = 30.0
# A spreadsheet takes a cell that begins so for a formula (OWASP, "CSV Injection"). The last four
# are the wide forms of the first, for East Asia.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

Item = TypeVar("Item", bound=BaseModel)


class Format(StrEnum):
    JSON = "json"
    CSV = "csv"
    JSON_LINES = "jsonl"


MEDIA_TYPES = {Format.CSV: "text/csv", Format.JSON_LINES: "application/x-ndjson"}
# For the OpenAPI document, beside the page of JSON.
CONTENT = {
    media_type: {"schema": {"type": "string"}, "example": example}
    for media_type, example in (
        ("text/csv", "id,…,next_cursor\n"),
        ("application/x-ndjson", "{}\n"),
    )
}


def _format_of(
    request: Request,
    asked: Annotated[
        Format | None,
        Query(
            alias="format",
            description=(
                "`csv` and `jsonl` (JSON lines) stream up to 100,000 rows in 30 seconds, whatever"
                " `limit` is; if there are more, the last row has a `next_cursor`. The header"
                " `Accept` chooses, too."
            ),
        ),
    ] = None,
) -> Format:
    accepted = request.headers.get("accept", "")
    by_header = (each for each, media_type in MEDIA_TYPES.items() if media_type in accepted)
    return asked or next(by_header, Format.JSON)


FormatDep = Annotated[Format, Depends(_format_of)]


async def stream(
    request: Request,
    format_: Format,
    item: type[Item],
    read: Callable[[AsyncSession, str | None, int], Awaitable[Page[Item]]],
    first: Page[Item],
) -> StreamingResponse:
    """Stream the first page and those that follow it, each read in a session of its own.

    So a slow client holds no connection to the database.
    """

    async def pages() -> AsyncIterator[Page[Item]]:
        page, until, rows = first, monotonic() + MAX_SECONDS, len(first.items)
        while page.next_cursor is not None and rows < MAX_ROWS and monotonic() < until:
            yield page.model_copy(update={"next_cursor": None})
            with database_errors():
                async with database_of(request).snapshots() as session:
                    page = await read(session, page.next_cursor, ROWS_EACH)
            rows += len(page.items)
        yield page

    names = [*item.model_fields, "next_cursor"]
    lines = _csv(names, pages()) if format_ is Format.CSV else _json_lines(pages())
    return StreamingResponse(lines, media_type=MEDIA_TYPES[format_])


def _rows(page: Page[Item]) -> list[dict[str, Any]]:
    rows = [item.model_dump() for item in page.items]
    if page.next_cursor is not None:
        # A row of its own when the time is up and nothing was found.
        rows = rows or [{}]
        rows[-1]["next_cursor"] = page.next_cursor
    return rows


async def _json_lines(pages: AsyncIterator[Page[Item]]) -> AsyncIterator[bytes]:
    async for page in pages:
        yield b"".join(
            orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z)
            for row in _rows(page)
        )


async def _csv(names: list[str], pages: AsyncIterator[Page[Item]]) -> AsyncIterator[bytes]:
    buffer = StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(names)
    async for page in pages:
        writer.writerows([_cell(row.get(name)) for name in names] for row in _rows(page))
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, dict):
        return orjson.dumps(value).decode()
    text = str(value) if isinstance(value, str) else None
    if text is not None and text.startswith(_FORMULA):
        return f"'{text}"
    return value if text is None else text
