"""The application with its console, and somebody who looks at it."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.app import create_app
from backend.auth.principal import Scope
from backend.settings import Settings
from tests.support.factories import make_token
from tests.support.http import client_of

KEY = "0123456789abcdef" * 4
_FORM_TOKEN = re.compile(r'name="form_token" value="([^"]+)"')


@pytest.fixture
def app(settings: Settings, tmp_path: Path) -> FastAPI:
    key = tmp_path / "session-key"
    key.write_text(KEY)
    return create_app(settings.model_copy(update={"session_key_file": key}))


@pytest_asyncio.fixture
async def reader_token(session: AsyncSession) -> str:
    token = await make_token(session, Scope.READ, name="on call")
    await session.commit()
    return token


@pytest_asyncio.fixture
async def stranger(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser, as far as cookies go, of somebody who has not signed in."""
    async with client_of(app) as client:
        yield client


@pytest_asyncio.fixture
async def reader(stranger: httpx2.AsyncClient, reader_token: str) -> httpx2.AsyncClient:
    """The same after signing in."""
    answer = await sign_in(stranger, reader_token)
    assert answer.status_code == 303
    return stranger


def form_token_of(page: httpx2.Response) -> str:
    found = _FORM_TOKEN.search(page.text)
    assert found is not None
    return found[1]


async def sign_in(client: httpx2.AsyncClient, token: str, **fields: str) -> httpx2.Response:
    form_token = form_token_of(await client.get("/sign-in"))
    return await client.post("/sign-in", data={"form_token": form_token, "token": token, **fields})
