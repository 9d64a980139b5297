"""/api/v1/services against a real database."""

from typing import Any

import httpx2
import pytest

from backend.catalog import service
from backend.catalog.scraping import RESERVED_LABELS

PATH = "/api/v1/services"
GROUP: dict[str, Any] = {"targets": ["checkout.shop.svc.cluster.local:8080"]}
NEW: dict[str, Any] = {"slug": "checkout", "name": "Checkout"}
FULL: dict[str, Any] = NEW | {
    "description": "Takes orders.",
    "owner": "payments",
    "tier": 1,
    "runbook_url": "https://wiki.example/runbooks/checkout#start",
    "repository_url": "https://git.example:8443/shop/checkout",
    "dashboard_url": "http://grafana.example/d/checkout?var-env=prod",
    "scrape_targets": [
        GROUP | {"scheme": "https", "metrics_path": "/internal/metrics"},
        {"targets": ["10.0.11.7:9100", "Checkout:9100"], "labels": {"environment": "production"}},
    ],
}


async def test_what_is_created_is_returned_read_and_listed(client: httpx2.AsyncClient) -> None:
    created = await client.post(PATH, json=FULL)
    read = await client.get(f"{PATH}/checkout")
    listed = await client.get(PATH)

    assert created.status_code == 201
    assert read.headers["etag"] == created.headers["etag"] == '"1"'
    body = created.json()
    assert body == read.json() == listed.json()["items"][0]
    assert {name: body[name] for name in FULL if name != "scrape_targets"} == {
        name: value for name, value in FULL.items() if name != "scrape_targets"
    }
    assert body["scrape_targets"] == [
        {**GROUP, "scheme": "https", "metrics_path": "/internal/metrics", "labels": {}},
        {
            # A host has no case: the same one would be scraped twice.
            "targets": ["10.0.11.7:9100", "checkout:9100"],
            "scheme": "http",
            "metrics_path": "/metrics",
            "labels": {"environment": "production"},
        },
    ]
    assert body["created_at"] == body["updated_at"]


async def test_a_slug_that_is_taken_is_a_conflict_until_its_service_goes(
    client: httpx2.AsyncClient,
) -> None:
    await client.post(PATH, json=NEW)

    again = await client.post(PATH, json=NEW | {"name": "Another"})
    gone = await client.delete(f"{PATH}/checkout")
    afresh = await client.post(PATH, json=NEW)

    assert (again.status_code, again.json()["code"]) == (409, "service_exists")
    assert (gone.status_code, gone.content) == (204, b"")
    assert afresh.status_code == 201


async def test_a_catalog_has_no_more_than_prometheus_can_be_told(
    client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_SERVICES", 1)
    await client.post(PATH, json=NEW)

    over = await client.post(PATH, json=NEW | {"slug": "basket"})
    changed = await client.put(f"{PATH}/checkout", json={"name": "Till"})
    await client.delete(f"{PATH}/checkout")
    afresh = await client.post(PATH, json=NEW | {"slug": "basket"})

    assert (over.status_code, over.json()["code"]) == (409, "catalog_full")
    assert changed.status_code == 200
    assert afresh.status_code == 201


async def test_put_replaces_everything_but_the_slug(client: httpx2.AsyncClient) -> None:
    created = (await client.post(PATH, json=FULL)).json()

    replaced = await client.put(f"{PATH}/checkout", json={"name": "Till"})

    body = replaced.json()
    assert (replaced.status_code, replaced.headers["etag"]) == (200, '"2"')
    assert body == (await client.get(f"{PATH}/checkout")).json()
    assert (body["slug"], body["name"], body["owner"]) == ("checkout", "Till", None)
    assert body["scrape_targets"] == []
    assert body["created_at"] == created["created_at"]
    assert body["updated_at"] > created["updated_at"]


@pytest.mark.parametrize("sent", ['"2"', "2", "*"])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_a_change_that_meant_another_version_changes_nothing(
    client: httpx2.AsyncClient, method: str, sent: str
) -> None:
    await client.post(PATH, json=FULL)
    await client.put(f"{PATH}/checkout", json={"name": "Till"}, headers={"If-Match": '"1"'})
    body = {"name": "Lost"} if method == "PUT" else None

    late = await client.request(method, f"{PATH}/checkout", json=body, headers={"If-Match": '"1"'})
    kept = (await client.get(f"{PATH}/checkout")).json()
    in_time = await client.request(
        method, f"{PATH}/checkout", json=body, headers={"If-Match": sent}
    )

    assert (late.status_code, late.json()["code"]) == (412, "service_changed")
    assert (kept["name"], kept["version"]) == ("Till", 2)
    assert in_time.is_success


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_what_is_not_there_is_not_found(client: httpx2.AsyncClient, method: str) -> None:
    answer = await client.request(method, f"{PATH}/nobody", json={"name": "A"})

    assert (answer.status_code, answer.json()["code"]) == (404, "service_not_found")


def group(**fields: object) -> list[dict[str, object]]:
    return [GROUP | fields]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slug", "Upper"),
        ("slug", "a.b"),
        ("slug", "a" * 64),
        ("slug", None),
        ("name", " "),
        ("description", "d" * 2001),
        ("description", "nul\x00"),
        ("owner", ""),
        ("owner", "o" * 101),
        ("tier", 0),
        ("tier", 5),
        ("tier", "first"),
        ("runbook_url", "javascript:alert(1)"),
        ("runbook_url", "ftp://wiki.example"),
        ("runbook_url", "https://user:password@wiki.example/"),
        ("runbook_url", "https://wiki.example/a b"),
        ("repository_url", 'https://git.example/"onclick="'),
        ("dashboard_url", "https://grafana.example/" + "d" * 2048),
        ("dashboard_url", ""),
        ("scrape_targets", [GROUP] * 11),
        ("scrape_targets", [GROUP, GROUP]),
        ("scrape_targets", [None]),
        ("scrape_targets", group(targets=[])),
        ("scrape_targets", group(targets=[f"a:{port}" for port in range(1, 52)])),
        ("scrape_targets", group(targets=["a:1", "A:1"])),
        ("scrape_targets", group(targets=["checkout"])),
        ("scrape_targets", group(targets=["checkout:0"])),
        ("scrape_targets", group(targets=["checkout:65536"])),
        ("scrape_targets", group(targets=["http://checkout:80"])),
        ("scrape_targets", group(targets=["checkout:80/metrics"])),
        ("scrape_targets", group(targets=["user:password@checkout:80"])),
        ("scrape_targets", group(targets=["user@checkout:80"])),
        ("scrape_targets", group(targets=["10.0.0.256:80"])),
        ("scrape_targets", group(targets=["checkout:80\n"])),
        ("scrape_targets", group(targets=["-checkout:80"])),
        ("scrape_targets", group(targets=["a" * 250 + ".example:80"])),
        ("scrape_targets", group(scheme="ftp")),
        ("scrape_targets", group(metrics_path="metrics")),
        ("scrape_targets", group(metrics_path="/metrics?module=all")),
        ("scrape_targets", group(metrics_path="/" + "m" * 200)),
        ("scrape_targets", group(labels={"__address__": "elsewhere:80"})),
        ("scrape_targets", group(labels={"__scrape_interval__": "1s"})),
        ("scrape_targets", group(labels={"_hidden": "a"})),
        ("scrape_targets", group(labels={"a-b": "c"})),
        ("scrape_targets", group(labels={"": "c"})),
        ("scrape_targets", group(labels={"a": ""})),
        ("scrape_targets", group(labels={"a": "b" * 201})),
        ("scrape_targets", group(labels={"a": 1})),
        ("scrape_targets", group(labels={f"l{number}": "a" for number in range(17)})),
        *(("scrape_targets", group(labels={name: "a"})) for name in RESERVED_LABELS),
        ("scrape_targets", group(params={"module": ["all"]})),
        ("more", "than asked for"),
    ],
)
async def test_what_will_not_do_is_refused_and_nothing_is_stored(
    client: httpx2.AsyncClient, field: str, value: object
) -> None:
    answer = await client.post(PATH, json=NEW | {field: value})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    [first, *_] = answer.json()["errors"]
    assert field in first["loc"] or field in first["detail"]
    assert (await client.get(PATH)).json()["items"] == []


async def test_an_address_may_be_scraped_on_two_paths(client: httpx2.AsyncClient) -> None:
    both = [GROUP, GROUP | {"metrics_path": "/jvm"}, GROUP | {"scheme": "https"}]

    assert (await client.post(PATH, json=NEW | {"scrape_targets": both})).status_code == 201


async def test_pages_show_everything_once_in_the_order_of_slugs(
    client: httpx2.AsyncClient,
) -> None:
    # Byte order, whatever the database's locale: a dash comes before digits and letters.
    slugs = ["a", "a-b", "a-c", "a0", "aa", "b", "b1"]
    for slug in reversed(slugs):
        await client.post(PATH, json=NEW | {"slug": slug})

    seen: list[str] = []
    parameters: dict[str, str | int] = {"limit": 3}
    while len(seen) < 20:
        page = (await client.get(PATH, params=parameters)).json()
        seen += [item["slug"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        parameters["cursor"] = page["next_cursor"]

    assert seen == slugs


async def test_a_list_can_be_of_one_team_or_of_none(client: httpx2.AsyncClient) -> None:
    for slug, owner in (("a", "payments"), ("b", None), ("c", "payments"), ("d", "search")):
        await client.post(PATH, json=NEW | {"slug": slug, "owner": owner})

    async def of(owner: str) -> list[str]:
        items = (await client.get(PATH, params={"owner": owner})).json()["items"]
        return [item["slug"] for item in items]

    assert [await of("payments"), await of(""), await of("nobody")] == [["a", "c"], ["b"], []]


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"limit": 201}, "invalid_request"),
        ({"owner": "nul\x00"}, "invalid_request"),
        ({"cursor": "nonsense"}, "invalid_cursor"),
        ({"cursor": "WzQyXQ"}, "invalid_cursor"),
        # A slug that cannot be one: a NUL, which no text of PostgreSQL holds.
        ({"cursor": "WyJcdTAwMDAiXQ"}, "invalid_cursor"),
    ],
)
async def test_a_page_that_cannot_be_is_refused(
    client: httpx2.AsyncClient, parameters: dict[str, str | int], code: str
) -> None:
    answer = await client.get(PATH, params=parameters)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
