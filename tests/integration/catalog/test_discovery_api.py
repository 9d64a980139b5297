"""/api/v1/sd/prometheus: all targets in Prometheus' own format, or an error."""

import re
from typing import Any

import httpx2
from fastapi import FastAPI
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.app import create_app
from backend.catalog import repository
from backend.catalog.models import Service
from backend.settings import Settings
from tests.support.http import client_of
from tests.support.queries import recorded_statements

SERVICES = "/api/v1/services"
PATH = "/api/v1/sd/prometheus"
# What Prometheus takes for an answer (discovery/http/http.go).
CONTENT_TYPE = re.compile(r"^(?i:application/json(;\s*charset=(\"utf-8\"|utf-8))?)$")


def service(slug: str, *groups: dict[str, Any]) -> dict[str, Any]:
    return {"slug": slug, "name": slug, "scrape_targets": list(groups)}


async def test_an_empty_catalog_is_an_empty_list(client: httpx2.AsyncClient) -> None:
    await client.post(SERVICES, json=service("not-scraped"))

    answer = await client.get(PATH)

    assert (answer.status_code, answer.json()) == (200, [])
    assert CONTENT_TYPE.match(answer.headers["content-type"])


async def test_every_group_is_there_in_a_stable_order_with_nothing_but_targets_and_labels(
    client: httpx2.AsyncClient,
) -> None:
    search = {"targets": ["search:443"], "scheme": "https", "metrics_path": "/m"}
    shop = {"targets": ["b:1", "a:1"], "labels": {"environment": "production"}}
    await client.post(SERVICES, json=service("shop", shop, {"targets": ["c:1"]}))
    await client.post(SERVICES, json=service("search", search))

    answer = await client.get(PATH)

    plain = {"__scheme__": "http", "__metrics_path__": "/metrics", "service": "shop"}
    assert answer.json() == [
        {
            "targets": ["search:443"],
            "labels": {"__scheme__": "https", "__metrics_path__": "/m", "service": "search"},
        },
        {"targets": ["b:1", "a:1"], "labels": {"environment": "production", **plain}},
        {"targets": ["c:1"], "labels": plain},
    ]
    assert (await client.get(PATH)).content == answer.content


async def test_what_an_older_release_took_costs_nobody_the_discovery(
    client: httpx2.AsyncClient, session: AsyncSession
) -> None:
    """A rule that became stricter must not turn the answer for all services into an error."""
    await client.post(SERVICES, json=service("new", {"targets": ["new:80"]}))
    group = {"targets": ["[::1]:80"], "scheme": "http", "metrics_path": "/m?a=b"}
    old = group | {"labels": {"service": "forged", "severity": "none"}}
    await repository.add(
        session, Service(slug="old", name="Old", description="", scrape_targets=[old])
    )
    await session.commit()

    discovered = (await client.get(PATH)).json()
    read = await client.get(f"{SERVICES}/old")

    assert [found["labels"]["service"] for found in discovered] == ["new", "old"]
    assert discovered[1]["labels"]["__metrics_path__"] == "/m?a=b"
    assert read.json()["scrape_targets"] == [old]


async def test_a_catalog_that_cannot_be_read_is_no_empty_one(
    settings: Settings, admin_token: str, session: AsyncSession
) -> None:
    """The token is found, so only this query fails: Prometheus must see an error."""
    impatient = settings.model_copy(update={"database_statement_timeout_seconds": 0.5})
    async with client_of(create_app(impatient), token=admin_token) as client:
        await client.post(SERVICES, json=service("shop", {"targets": ["a:1"]}))
        await (await session.connection()).execute(text("LOCK TABLE service"))

        during = await client.get(PATH)
        await session.rollback()
        afterwards = await client.get(PATH)

    assert (during.status_code, during.json()["code"]) == (503, "database_unavailable")
    assert len(afterwards.json()) == 1


async def test_the_whole_catalog_is_one_query(client: httpx2.AsyncClient, app: FastAPI) -> None:
    for number in range(5):
        group = {"targets": [f"service-{number}:80"]}
        await client.post(SERVICES, json=service(f"service-{number}", group))

    with recorded_statements(app.state.database.engine) as statements:
        assert len((await client.get(PATH)).json()) == 5

    assert len(statements) == 1
