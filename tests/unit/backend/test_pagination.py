"""Cursors: whatever a client sends as one, the answer is a page or a 422."""

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from backend.db.pagination import InvalidCursor, decode_cursor, encode_cursor, split_page

KEY: TypeAdapter[tuple[int, str]] = TypeAdapter(tuple[int, str])


@given(st.integers(-(2**53), 2**53), st.text(st.characters(exclude_categories=["Cs"])))
def test_a_cursor_brings_back_its_key(number: int, text: str) -> None:
    assert decode_cursor(encode_cursor(number, text), KEY) == (number, text)


@given(st.text(max_size=200))
def test_no_text_but_a_cursor_is_taken_for_one(text: str) -> None:
    try:
        key = decode_cursor(text, KEY)
    except InvalidCursor:
        return
    assert decode_cursor(encode_cursor(*key), KEY) == key


@pytest.mark.parametrize(
    "packed", [b"", b"[]", b"[1]", b'["1", "a"]', b'[1, "a", 2]', b"[" * 5000, b'{"a": 1}', b"null"]
)
def test_a_cursor_of_another_shape_is_refused(packed: bytes) -> None:
    with pytest.raises(InvalidCursor):
        decode_cursor(urlsafe_b64encode(packed).decode(), KEY)


@pytest.mark.parametrize(
    ("fetched", "page", "more"),
    [([], [], False), ([1, 2], [1, 2], False), ([1, 2, 3], [1, 2, 3], False),
     ([1, 2, 3, 4], [1, 2, 3], True)],
)  # fmt: skip
def test_one_row_more_than_a_page_says_that_there_is_more(
    fetched: list[int], page: list[int], more: bool
) -> None:
    assert split_page(fetched, 3) == (page, more)
