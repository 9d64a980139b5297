"""An address of the API with a slash at its end is the one without it."""

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from backend.app import ROUTERS
from tests.support.alertmanager import make_alert, make_message
from tests.support.asgi import call

PATHS = sorted(
    {
        (method, route.path)
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and route.path.startswith("/api/")
        for method in route.methods or ()
    }
)


@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_a_slash_at_the_end_changes_nothing(app: FastAPI, method: str, path: str) -> None:
    """Without a token, so that nothing is done: only the route says that one is needed."""
    path = path.replace("{", "").replace("}", "").replace(":path", "")

    plain, with_slash = await call(app, method, path), await call(app, method, path + "/")

    assert (plain.status, with_slash.status) == (401, 401)
    await app.state.database.engine.dispose()


async def test_the_intake_takes_large_bodies_there_and_fingerprints_keep_their_slash(
    client: httpx2.AsyncClient,
) -> None:
    large = make_alert("a/", annotations={"padding": "x" * 100_000})

    posted = await client.post("/api/v1/webhooks/alertmanager/", json=make_message(large))
    read = await client.get("/api/v1/alerts/default/a%2F")
    other = await client.get("/api/v1/alerts/default/a/")
    outside = await client.get("/metrics/")

    assert (posted.status_code, posted.json()["accepted"]) == (200, 1)
    assert (read.status_code, other.status_code, outside.status_code) == (200, 404, 307)
