"""Forms are accepted from our own pages only."""

from collections.abc import Mapping

import httpx2
import pytest
from fastapi import FastAPI

from tests.integration.console.conftest import form_token_of, sign_in
from tests.support.http import client_of

THEME = "console-theme"


async def choose_dark(
    reader: httpx2.AsyncClient, headers: Mapping[str, str], form_token: str | None = None
) -> httpx2.Response:
    if form_token is None:
        form_token = form_token_of(await reader.get("/"))
    return await reader.post(
        "/theme", data={"form_token": form_token, "theme": "dark"}, headers=headers
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://backend"},
        {"Origin": "https://backend"},
        {"Sec-Fetch-Site": "same-origin"},
        {},
    ],
    ids=["own", "own behind a proxy that ends TLS", "no Origin, same origin", "no browser"],
)
async def test_our_own_forms_are_accepted(
    reader: httpx2.AsyncClient, headers: Mapping[str, str]
) -> None:
    answer = await choose_dark(reader, headers)
    assert answer.status_code == 303
    assert 'data-theme="dark"' in (await reader.get("/")).text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://elsewhere.example"},
        {"Origin": "http://backend:8080"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=["other host", "other port", "opaque", "cross site", "same site"],
)
async def test_forms_of_other_origins_are_refused(
    reader: httpx2.AsyncClient, headers: Mapping[str, str]
) -> None:
    answer = await choose_dark(reader, headers)
    assert answer.status_code == 403
    assert "does not come from a page of this console" in answer.text
    assert THEME not in reader.cookies


async def test_a_form_needs_the_token_of_its_own_session(
    app: FastAPI, reader: httpx2.AsyncClient, reader_token: str
) -> None:
    async with client_of(app) as other:
        await sign_in(other, reader_token)
        foreign = form_token_of(await other.get("/"))
        anonymous = form_token_of(await other.get("/sign-in"))
    for form_token in (foreign, anonymous, "", "made.up.token"):
        answer = await choose_dark(reader, {}, form_token)
        assert answer.status_code == 403
        assert "reload the page" in answer.text


async def test_signing_in_needs_the_form_of_the_same_browser(
    app: FastAPI, stranger: httpx2.AsyncClient, reader_token: str
) -> None:
    """Nobody can be signed in with somebody else's token without noticing."""
    async with client_of(app) as attacker:
        form_token = form_token_of(await attacker.get("/sign-in"))
    await stranger.get("/sign-in")
    answer = await stranger.post("/sign-in", data={"form_token": form_token, "token": reader_token})
    assert answer.status_code == 403
    assert "has expired" in answer.text
    assert "console-session" not in stranger.cookies


async def test_forms_without_a_session_lead_to_sign_in(stranger: httpx2.AsyncClient) -> None:
    for path in ("/theme", "/sign-out"):
        answer = await stranger.post(path, data={})
        assert answer.status_code == 303
        assert answer.headers["location"] == "/sign-in"


async def test_only_forms_are_read_as_forms(reader: httpx2.AsyncClient) -> None:
    answer = await reader.post("/theme", json={"theme": "dark"})
    assert answer.status_code == 415
    answer = await reader.post(
        "/theme",
        content=b"theme=%ff\xff",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 422


async def test_an_unknown_theme_is_the_systems(reader: httpx2.AsyncClient) -> None:
    await choose_dark(reader, {})
    form_token = form_token_of(await reader.get("/"))
    hostile = {"form_token": form_token, "theme": '"><script>', "next": "//elsewhere.example"}
    answer = await reader.post("/theme", data=hostile)
    assert answer.headers["location"] == "/"
    assert THEME not in reader.cookies
    assert "data-theme" not in (await reader.get("/")).text
