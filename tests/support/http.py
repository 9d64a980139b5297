"""Calling the application in this process, over ASGI and without a socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from fastapi import FastAPI


@asynccontextmanager
async def client_of(app: FastAPI, *, token: str | None = None) -> AsyncIterator[httpx2.AsyncClient]:
    """Run the application's lifespan and give a client of it, with a bearer token if wanted."""
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    transport = httpx2.ASGITransport(app=app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(
            transport=transport, base_url="http://backend", headers=headers
        ) as client,
    ):
        yield client
