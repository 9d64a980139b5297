"""Tokens: who gets in, who does not, and how soon that changes."""

import hashlib
from base64 import b64encode
from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.app import ROUTERS
from backend.auth.models import Token
from backend.auth.principal import Principal, Scope
from backend.auth.repository import find_by_hash
from backend.auth.route import TokenFirstRoute, requirements
from backend.auth.tokens import hash_token
from tests.support.asgi import call
from tests.support.factories import make_integration, make_token
from tests.support.http import client_of
from tests.support.logs import Logged

INTEGRATIONS = "/api/v1/integrations"
WEBHOOK = "/api/v1/webhooks/alertmanager"
NEW = {"slug": "cluster-a", "name": "A"}


@pytest_asyncio.fixture
async def anybody(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A client without a token."""
    async with client_of(app) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic YWRtaW46YWRtaW4="},
        {"Authorization": "Basic nonsense"},
        {"Authorization": "Basic " + b64encode(b"nobody").decode()},
        {"Authorization": "Bearer cnop_" + "A" * 43},
        {"Authorization": "Bearer \xff\x00"},
        {"Authorization": "Bearer " + "x" * 8000},
    ],
    ids=[
        "none",
        "empty",
        "scheme",
        "blank",
        "basic",
        "no base64",
        "no password",
        "unknown",
        "bytes",
        "long",
    ],
)
async def test_without_a_valid_token_nobody_gets_in(
    anybody: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]

    answer = await anybody.get(INTEGRATIONS, headers=encoded)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["code"] == "unauthorized"


@pytest.mark.parametrize("user", ["", "anybody", "a user"])
async def test_the_token_may_be_the_password_of_basic_authentication(
    anybody: httpx2.AsyncClient, admin_token: str, user: str
) -> None:
    for scheme in ("Basic", "basic"):
        pair = b64encode(f"{user}:{admin_token}".encode()).decode()
        answer = await anybody.get(INTEGRATIONS, headers={"Authorization": f"{scheme} {pair}"})
        assert answer.status_code == 200


OPERATIONS = {
    "read integrations": ("GET", INTEGRATIONS),
    "read services": ("GET", "/api/v1/services"),
    "read alerts": ("GET", "/api/v1/alerts"),
    "write services": ("POST", "/api/v1/services"),
    "administer integrations": ("POST", INTEGRATIONS),
    "discover": ("GET", "/api/v1/sd/prometheus"),
    "deliver": ("POST", WEBHOOK),
}
READS = {name for name in OPERATIONS if name.startswith("read")}


async def granted(client: httpx2.AsyncClient, token: str) -> set[str]:
    """Try everything; return what is not forbidden."""
    found = set()
    for name, (method, path) in OPERATIONS.items():
        body = NEW if method == "POST" else None
        answer = await client.request(method, path, json=body, headers=bearer(token))
        if answer.status_code == 403:
            assert answer.json()["code"] in {"forbidden", "not_for_ingest"}
        else:
            found.add(name)
    return found


@pytest.mark.parametrize(
    ("scope", "may"),
    [
        # It belongs to no integration for which it could deliver.
        (Scope.INGEST, set()),
        (Scope.DISCOVER, {"discover"}),
        (Scope.READ, READS),
        (Scope.WRITE, {"write services"}),
        (Scope.ADMIN, set(OPERATIONS)),
    ],
)
async def test_a_token_may_do_what_its_scope_says(
    anybody: httpx2.AsyncClient, session: AsyncSession, scope: Scope, may: set[str]
) -> None:
    token = await make_token(session, scope)
    await session.commit()

    assert await granted(anybody, token) == may


async def test_an_integrations_token_may_only_deliver(
    anybody: httpx2.AsyncClient, session: AsyncSession
) -> None:
    _, token = await make_integration(session)
    await session.commit()

    assert await granted(anybody, token) == {"deliver"}


async def test_only_the_hash_of_a_token_is_stored(session: AsyncSession) -> None:
    token = await make_token(session, Scope.READ)
    await session.commit()

    (stored,) = (await session.exec(select(Token))).all()

    assert stored.sha256 == hashlib.sha256(token.encode()).digest()
    assert token not in repr(stored.model_dump())


async def test_a_rotated_token_stops_at_once_and_the_new_one_works(
    client: httpx2.AsyncClient, app: FastAPI
) -> None:
    old = (await client.post(INTEGRATIONS, json=NEW)).json()["token"]
    assert await may_deliver(app, old)

    new = (await client.post(f"{INTEGRATIONS}/cluster-a/rotate")).json()["token"]

    assert not await may_deliver(app, old)
    assert await may_deliver(app, new)


async def test_a_revoked_integration_delivers_no_more(
    client: httpx2.AsyncClient, app: FastAPI
) -> None:
    token = (await client.post(INTEGRATIONS, json=NEW)).json()["token"]

    revoked = await client.post(f"{INTEGRATIONS}/cluster-a/revoke")

    assert revoked.json()["revoked_at"] is not None
    assert not await may_deliver(app, token)


async def may_deliver(app: FastAPI, token: str) -> bool:
    answer = await call(app, "POST", WEBHOOK, headers=bearer(token))
    return answer.status != 401


async def test_a_token_with_all_rights_delivers_for_the_default_integration(
    app: FastAPI, session: AsyncSession
) -> None:
    admin = await make_token(session, Scope.ADMIN)
    reader = await make_token(session, Scope.READ)
    await session.commit()

    engine = app.state.database.engine
    admin_principal = await find_by_hash(engine, hash_token(admin))
    reader_principal = await find_by_hash(engine, hash_token(reader))

    assert isinstance(admin_principal, Principal)
    assert admin_principal.integration_slug == "default"
    assert reader_principal is not None
    assert reader_principal.integration_id is None
    await engine.dispose()


def protected_operations() -> list[tuple[str, str]]:
    routes = [route for router in ROUTERS for route in router.routes]
    return [
        (method, route.path.replace("{", "").replace("}", "").replace(":path", ""))
        for route in routes
        if isinstance(route, APIRoute) and requirements(route.dependant)
        for method in route.methods or ()
    ]


@pytest.mark.parametrize(("method", "path"), protected_operations())
async def test_the_token_is_checked_before_a_byte_of_the_body_is_read(
    app: FastAPI, settings: object, method: str, path: str
) -> None:
    assert settings
    answer = await call(
        app,
        method,
        path,
        headers={"Content-Type": "application/json", "Authorization": "Bearer nonsense"},
        chunks=[b'{"slug"', b': "a"}'],
    )

    assert answer.status == 401
    assert answer.chunks_read == 0
    await app.state.database.engine.dispose()


def test_operations_with_a_body_that_fastapi_reads_use_the_route_that_asks_first() -> None:
    routes = [route for router in ROUTERS for route in router.routes]
    careless = [
        route.path
        for route in routes
        if isinstance(route, APIRoute)
        and route.body_field is not None
        and requirements(route.dependant)
        and not isinstance(route, TokenFirstRoute)
    ]

    assert careless == []


async def test_no_token_is_logged(
    client: httpx2.AsyncClient, admin_token: str, logged: Logged
) -> None:
    created = await client.post(INTEGRATIONS, json=NEW)
    await client.get(f"{INTEGRATIONS}?limit={admin_token}")
    await client.get(f"/{admin_token}")

    assert logged.events("http_request")
    assert created.json()["token"] not in logged.text()
    assert admin_token not in logged.text()
