"""Every error of the HTTP edge is a problem with a stable code."""

import re
from typing import Annotated

import pytest
from fastapi import FastAPI, Query
from pydantic import BaseModel

from backend import sentences
from backend.app import create_app
from backend.errors import MAX_REPORTED_FIELDS
from backend.sentences import sentence
from tests.support.asgi import Answer, call
from tests.support.settings import make_settings


class Thing(BaseModel):
    number: int
    names: list[int] = []


@pytest.fixture
def app() -> FastAPI:
    app = create_app(make_settings())

    @app.post("/things")
    async def make(thing: Thing) -> Thing:
        return thing

    @app.get("/things")
    async def find(limit: Annotated[int, Query(le=10)]) -> int:
        return limit

    return app


def assert_problem(answer: Answer, status: int, code: str) -> None:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (answer.status, body["status"], body["code"]) == (status, status, code)
    assert body["type"] == "about:blank"
    assert body["title"]
    assert body["detail"]


async def test_an_unknown_path_is_not_found(app: FastAPI) -> None:
    assert_problem(await call(app, "GET", "/nowhere"), 404, "not_found")


async def test_a_method_that_a_path_does_not_have_is_named_so(app: FastAPI) -> None:
    answer = await call(app, "DELETE", "/api/v1/integrations")

    assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, POST"


def test_each_description_is_a_sentence_of_ours() -> None:
    """Neither pydantic's words nor an expression."""
    context: dict[str, object] = {
        "min_length": 1,
        "max_length": 2,
        "ge": 1,
        "le": 2,
        "gt": 1,
        "lt": 2,
    }
    context |= {"expected": "'a' or 'b'"}
    found = [
        *(sentence({"type": kind, "msg": "", "ctx": context}) for kind in sentences._BY_TYPE),
        *sentences._BY_PATTERN.values(),
    ]
    assert [text for text in found if not re.fullmatch(r"(It|This|The) [^{}\\^]+\.", text)] == []


def test_what_is_not_known_keeps_its_words() -> None:
    assert sentence({"type": "new", "msg": "Input should be new"}) == "Input should be new."


async def test_a_wrong_query_names_the_parameter(app: FastAPI) -> None:
    answer = await call(app, "GET", "/things?limit=11")

    assert_problem(answer, 422, "invalid_request")
    assert answer.json()["errors"] == [
        {
            "loc": ["query", "limit"],
            "code": "less_than_equal",
            "detail": "It must be at most 10.",
        }
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"number": "x"}',
        b'{"number": 1e999}',
        b"\xff\xfe",
        b"[" * 100_000,
        b"null",
        b"[]",
    ],
    ids=["empty", "broken", "wrong", "infinite", "no_text", "deep", "null", "list"],
)
async def test_a_wrong_body_is_an_invalid_request(app: FastAPI, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}

    answer = await call(app, "POST", "/things", headers=headers, chunks=[body])

    if len(body) > 64 * 1024:
        assert_problem(answer, 413, "body_too_large")
    else:
        assert_problem(answer, 422, "invalid_request")


async def test_what_was_wrong_is_never_repeated_and_gets_no_long_answer(app: FastAPI) -> None:
    secret = b'{"number": "cnop_a-secret-that-was-put-in-the-wrong-place", "names": ['
    body = secret + b",".join([b'"x"'] * 10_000) + b"]}"

    answer = await call(
        app, "POST", "/things", headers={"Content-Type": "application/json"}, chunks=[body]
    )

    assert answer.status == 422
    assert b"cnop_" not in answer.body
    assert len(answer.json()["errors"]) == MAX_REPORTED_FIELDS
