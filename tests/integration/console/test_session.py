"""Sessions: what the cookie is, and how long it is good for."""

from datetime import timedelta

import httpx2
import pytest
import time_machine
from fastapi import FastAPI
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.auth.principal import Scope
from backend.console.session import LIFETIME
from backend.db.base import utc_now
from tests.integration.console.conftest import form_token_of, sign_in
from tests.support.factories import make_integration, make_token
from tests.support.http import client_of

COOKIE = "console-session"


def set_cookies(answer: httpx2.Response) -> dict[str, str]:
    """Return each Set-Cookie header by the name of its cookie."""
    return {line.partition("=")[0]: line for line in answer.headers.get_list("set-cookie")}


async def test_the_cookie_is_for_the_server_alone(
    stranger: httpx2.AsyncClient, reader_token: str
) -> None:
    answer = await sign_in(stranger, reader_token)
    assert answer.headers["location"] == "/"
    cookie = set_cookies(answer)[COOKIE]
    attributes = {part.strip() for part in cookie.split(";")[1:]}
    assert {"HttpOnly", "SameSite=lax", "Path=/", "Max-Age=43200"} <= attributes
    assert "Secure" not in attributes
    assert reader_token not in cookie


async def test_over_tls_the_cookie_is_secure_and_bound_to_the_host(
    app: FastAPI, reader_token: str
) -> None:
    async with client_of(app) as client:
        client.base_url = httpx2.URL("https://backend")
        answer = await sign_in(client, reader_token)
        cookie = set_cookies(answer)[f"__Host-{COOKIE}"]
        assert "Secure" in cookie
        assert (await client.get("/")).status_code == 200


async def test_a_changed_cookie_is_no_session(reader: httpx2.AsyncClient) -> None:
    value = reader.cookies[COOKIE]
    reader.cookies.clear()
    for forged in (f"x{value}", value[::-1], "", "a.b.c"):
        answer = await reader.get("/", headers={"Cookie": f"{COOKIE}={forged}"})
        assert answer.status_code == 303
        assert answer.headers["location"] == "/sign-in"


async def test_a_session_ends_after_a_shift(reader: httpx2.AsyncClient) -> None:
    # Sent by hand: a browser forgets the cookie in time, somebody who copied it does not.
    cookie = {"Cookie": f"{COOKIE}={reader.cookies[COOKIE]}"}
    reader.cookies.clear()
    started = utc_now()
    with time_machine.travel(started + LIFETIME - timedelta(minutes=1)):
        assert (await reader.get("/", headers=cookie)).status_code == 200
    with time_machine.travel(started + LIFETIME + timedelta(minutes=1)):
        assert (await reader.get("/", headers=cookie)).status_code == 303


async def test_a_revoked_token_ends_its_sessions(
    reader: httpx2.AsyncClient, session: AsyncSession
) -> None:
    assert (await reader.get("/")).status_code == 200
    await (await session.connection()).execute(
        text("UPDATE token SET revoked_at = now() WHERE name = 'on call'")
    )
    await session.commit()
    assert (await reader.get("/")).status_code == 303


async def test_a_token_that_lost_its_scope_ends_its_sessions(
    reader: httpx2.AsyncClient, session: AsyncSession
) -> None:
    await (await session.connection()).execute(
        text("UPDATE token SET scopes = '{ingest}' WHERE name = 'on call'")
    )
    await session.commit()
    assert (await reader.get("/")).status_code == 303


async def test_signing_out_forgets_the_session(reader: httpx2.AsyncClient) -> None:
    page = await reader.get("/")
    answer = await reader.post("/sign-out", data={"form_token": form_token_of(page)})
    assert answer.status_code == 303
    assert "Max-Age=0" in set_cookies(answer)[COOKIE]
    assert (await reader.get("/")).status_code == 303


async def test_only_tokens_that_may_read_get_in(
    stranger: httpx2.AsyncClient, session: AsyncSession
) -> None:
    _, ingest = await make_integration(session)
    write = await make_token(session, Scope.WRITE)
    discover = await make_token(session, Scope.DISCOVER)
    admin = await make_token(session, Scope.ADMIN)
    await session.commit()
    for token in (ingest, write, discover):
        answer = await sign_in(stranger, token)
        assert answer.status_code == 403
        assert "lacks the scope" in answer.text
        assert COOKIE not in set_cookies(answer)
    assert (await sign_in(stranger, admin)).status_code == 303


@pytest.mark.parametrize(
    "token",
    ["cnop_wrong", "x" * 512, "x" * 513, "\N{SNOWMAN}", "\x00", "'; DROP TABLE token; --"],
    ids=["unknown", "long", "too long", "not ASCII", "NUL", "SQL"],
)
async def test_a_wrong_token_is_refused_whatever_it_is(
    stranger: httpx2.AsyncClient, token: str
) -> None:
    answer = await sign_in(stranger, token)
    assert answer.status_code == 403
    assert "This token is unknown or revoked" in answer.text
    assert token not in answer.text
    assert COOKIE not in set_cookies(answer)


async def test_no_token_is_not_a_wrong_one(stranger: httpx2.AsyncClient) -> None:
    assert "Paste a token." in (await sign_in(stranger, " ")).text


@pytest.mark.parametrize(
    ("target", "arrived"),
    [
        ("/alerts/default/f1?x=1", "/alerts/default/f1?x=1"),
        ("https://elsewhere.example/", "/"),
        ("//elsewhere.example/", "/"),
        ("///elsewhere.example/", "/"),
        ("/\\elsewhere.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/\r\nSet-Cookie: a=b", "/"),
    ],
)
async def test_signing_in_leads_to_our_own_pages_only(
    stranger: httpx2.AsyncClient, reader_token: str, target: str, arrived: str
) -> None:
    answer = await sign_in(stranger, reader_token, next=target)
    assert answer.headers["location"] == arrived
