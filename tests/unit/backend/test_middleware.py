"""What every request passes through, on the application as deployed, without a database."""

import pytest
from fastapi import FastAPI, Request
from starlette.requests import ClientDisconnect

from backend.app import BODY_BYTES, LARGE_BODY_PATHS, create_app
from backend.http import middleware
from tests.support.asgi import call
from tests.support.logs import Logged
from tests.support.settings import make_settings

LIMIT = 2048


@pytest.fixture
def app() -> FastAPI:
    app = create_app(make_settings(max_body_bytes=LIMIT))

    @app.post("/echo-size")
    async def echo_size(request: Request) -> int:
        return len(await request.body())

    @app.post(LARGE_BODY_PATHS[0] + "/none")
    async def reads_nothing() -> str:
        return "done"

    @app.get("/breaks")
    async def breaks() -> None:
        raise RuntimeError("the secret of the house")

    @app.get("/gone")
    async def gone() -> None:
        raise ClientDisconnect

    return app


async def test_a_request_id_is_made_or_kept_and_returned(app: FastAPI) -> None:
    first = await call(app, "GET", "/health")
    second = await call(app, "GET", "/health")
    given = await call(app, "GET", "/health", headers={"X-Request-ID": "req-0123.abc_DEF"})

    assert len(first.headers["x-request-id"]) == 16
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert given.headers["x-request-id"] == "req-0123.abc_DEF"


@pytest.mark.parametrize("given", ["short", "x" * 65, 'a"b-c,d-e-f', "with space 123", "äöüäöüäöü"])
async def test_ids_that_could_forge_or_fill_a_log_are_replaced(app: FastAPI, given: str) -> None:
    answer = await call(app, "GET", "/health", headers={"X-Request-ID": given})

    assert answer.headers["x-request-id"] != given


async def test_a_declared_length_over_the_limit_is_refused_before_a_byte_is_read(
    app: FastAPI,
) -> None:
    answer = await call(
        app,
        "POST",
        "/echo-size",
        headers={"Content-Length": str(BODY_BYTES + 1)},
        chunks=[b"x" * (BODY_BYTES + 1)],
    )

    assert answer.status == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "body_too_large"
    assert answer.chunks_read == 0


async def test_a_body_without_a_declared_length_is_counted(app: FastAPI) -> None:
    chunk = b"x" * (BODY_BYTES // 2)

    answer = await call(app, "POST", "/echo-size", chunks=[chunk] * 10)

    assert answer.status == 413
    assert answer.json()["code"] == "body_too_large"
    assert answer.chunks_read == 3


@pytest.mark.parametrize("declared", ["0" * 30 + "5", "5"])
async def test_a_body_of_just_the_limit_is_read(app: FastAPI, declared: str) -> None:
    chunks = [b"x" * (BODY_BYTES - 1), b"x"]

    answer = await call(app, "POST", "/echo-size", chunks=chunks)
    small = await call(
        app, "POST", "/echo-size", headers={"Content-Length": declared}, chunks=[b"12345"]
    )

    assert answer.json() == BODY_BYTES
    assert small.json() == 5


@pytest.mark.parametrize("declared", ["9" * 5000, str(2**64)])
async def test_an_absurd_length_is_refused_like_any_other(app: FastAPI, declared: str) -> None:
    answer = await call(app, "POST", "/echo-size", headers={"Content-Length": declared})

    assert answer.status == 413


async def test_a_body_that_does_not_come_to_its_end_is_given_up(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "BODY_SECONDS", 0.05)

    answer = await call(app, "POST", "/echo-size", chunks=[b"{"], ends=False)

    assert (answer.status, answer.json()["code"]) == (408, "request_timeout")


async def test_the_intake_asks_who_sends_too_much(app: FastAPI) -> None:
    answer = await call(
        app, "POST", LARGE_BODY_PATHS[0], headers={"Content-Length": str(LIMIT + 1)}, chunks=[b"x"]
    )

    assert (answer.status, answer.chunks_read) == (401, 0)


async def test_an_unexpected_error_is_a_problem_that_tells_nothing(
    app: FastAPI, logged: Logged
) -> None:
    answer = await call(app, "GET", "/breaks")

    assert answer.status == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "internal_error"
    assert b"secret" not in answer.body
    assert answer.headers["x-request-id"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    (event,) = logged.events("unhandled_error")
    assert "RuntimeError" in event["exception"]
    assert event["request_id"] == answer.headers["x-request-id"]


async def test_a_client_that_went_away_is_no_error(app: FastAPI, logged: Logged) -> None:
    answer = await call(app, "GET", "/gone")

    assert answer.status == 0  # nobody is there to answer
    assert [event["status"] for event in logged.events("http_request")] == [499]
    assert logged.events("unhandled_error") == []


async def test_each_request_is_one_event_with_its_route_and_without_its_path(
    app: FastAPI, logged: Logged
) -> None:
    answer = await call(app, "POST", "/api/v1/integrations/some-slug/revoke?token=cnop_abc")

    (event,) = logged.events("http_request")
    assert event["route"] == "/api/v1/integrations/{slug}/revoke"
    assert (event["method"], event["status"]) == ("POST", 401)
    assert event["duration_ms"] > 0
    assert event["request_id"] == answer.headers["x-request-id"]
    assert "some-slug" not in logged.text()


async def test_probes_are_logged_only_when_they_fail(app: FastAPI, logged: Logged) -> None:
    await call(app, "GET", "/health")
    app.state.draining.begin(0)
    await call(app, "GET", "/ready")

    assert [event["route"] for event in logged.events("http_request")] == ["/ready"]


@pytest.mark.parametrize(("scheme", "stay"), [("http", None), ("https", "max-age=31536000")])
async def test_answers_carry_the_headers_that_keep_browsers_careful(
    app: FastAPI, scheme: str, stay: str | None
) -> None:
    answer = await call(app, "GET", "/health", scheme=scheme)

    assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers.get("strict-transport-security") == stay


async def test_a_draining_process_closes_its_connections_and_is_not_ready(app: FastAPI) -> None:
    app.state.draining.begin(0)

    health = await call(app, "GET", "/health")
    ready = await call(app, "GET", "/ready")

    assert (health.status, health.headers["connection"]) == (200, "close")
    assert (ready.status, ready.json()["code"]) == (503, "draining")
    assert ready.headers["retry-after"] == "5"
