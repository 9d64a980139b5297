"""Every operation that reads a list refuses a query parameter that it does not know."""

import httpx2
import pytest
from fastapi.routing import APIRoute

from backend.app import ROUTERS

LISTS = [
    route.path
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute) and "GET" in (route.methods or ()) and "{" not in route.path
    if route.path.startswith("/api/")
]


@pytest.mark.parametrize("path", LISTS)
async def test_an_unknown_query_parameter_is_named_with_the_known_ones(
    client: httpx2.AsyncClient, path: str
) -> None:
    known = await client.get(path)
    unknown = await client.get(f"{path}?sevice=shop")
    anonymous = await client.get(f"{path}?sevice=shop", headers={"Authorization": ""})

    assert (known.status_code, unknown.status_code, anonymous.status_code) == (200, 422, 401)
    assert unknown.json()["detail"].startswith(
        "This operation has no query parameter 'sevice': "
        + ("it takes none." if path.endswith("/sd/prometheus") else "use ")
    )


def test_lists_are_among_them() -> None:
    lists = {"alerts", "episodes", "integrations", "services"}
    assert {f"/api/v1/{name}" for name in lists} <= set(LISTS)
