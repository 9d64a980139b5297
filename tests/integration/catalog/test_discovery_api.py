"""/api/v1/sd/prometheus: all targets in Prometheus' own format, or an error."""

import re
from typing import Any

import httpx2
from fastapi import FastAPI
from sqlalchemy import event

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


async def test_the_whole_catalog_is_one_query(client: httpx2.AsyncClient, app: FastAPI) -> None:
    for number in range(5):
        group = {"targets": [f"service-{number}:80"]}
        await client.post(SERVICES, json=service(f"service-{number}", group))
    statements: list[str] = []
    engine = app.state.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))

    assert len((await client.get(PATH)).json()) == 5

    assert len(statements) == 1
