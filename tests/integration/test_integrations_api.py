"""/api/v1/integrations against a real database."""

from typing import Any

import httpx2
import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from tests.support.factories import make_integration

PATH = "/api/v1/integrations"
NEW: dict[str, Any] = {"slug": "cluster-a", "name": "Cluster A"}


async def test_what_is_created_is_returned_with_its_token_and_listed_without(
    client: httpx2.AsyncClient,
) -> None:
    asked = NEW | {
        "alertmanagers": ["http://alertmanager.monitoring:9093/", "https://am.example/base"],
        "receivers": "platform|platform-.*",
    }

    created = await client.post(PATH, json=asked)
    listed = await client.get(PATH)

    assert created.status_code == 201
    body = created.json()
    assert len(body.pop("token")) > 40
    assert body["alertmanagers"] == [
        "http://alertmanager.monitoring:9093",
        "https://am.example/base",
    ]
    assert (body["slug"], body["name"], body["receivers"], body["revoked_at"]) == (
        "cluster-a", "Cluster A", "platform|platform-.*", None,
    )  # fmt: skip
    assert listed.json()["items"][-1] == body


async def test_a_slug_that_is_taken_is_a_conflict(client: httpx2.AsyncClient) -> None:
    await client.post(PATH, json=NEW)

    again = await client.post(PATH, json=NEW | {"name": "Another"})

    assert again.status_code == 409
    assert again.json()["code"] == "integration_exists"


async def test_what_is_revoked_stays_so_and_its_slug_stays_taken(
    client: httpx2.AsyncClient,
) -> None:
    """Or the history of one integration would go on under the name of another."""
    await client.post(PATH, json=NEW)
    first = await client.post(f"{PATH}/cluster-a/revoke")

    second = await client.post(f"{PATH}/cluster-a/revoke")
    rotated = await client.post(f"{PATH}/cluster-a/rotate")
    afresh = await client.post(PATH, json=NEW)

    assert first.json() == second.json()
    assert (rotated.status_code, rotated.json()["code"]) == (409, "integration_revoked")
    assert afresh.status_code == 409


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slug", ""),
        ("slug", "Upper"),
        ("slug", "-dash"),
        ("slug", "dash-"),
        ("slug", "with space"),
        ("slug", "nul\x00nul"),
        ("slug", "new\nline"),
        ("slug", "trailing\n"),
        ("slug", "a" * 64),
        ("slug", "ünicode"),
        ("slug", None),
        ("slug", 7),
        ("name", ""),
        ("name", "   "),
        ("name", "nul\x00nul"),
        ("name", "n" * 201),
        ("alertmanagers", ["alertmanager:9093"]),
        ("alertmanagers", ["ftp://alertmanager"]),
        ("alertmanagers", ["javascript:alert(1)"]),
        ("alertmanagers", ["http://"]),
        ("alertmanagers", ["http://user:password@alertmanager"]),
        ("alertmanagers", ["http://alertmanager/?a=b"]),
        ("alertmanagers", ["http://alertmanager/#f"]),
        ("alertmanagers", ["http://alertmanager:99999"]),
        ("alertmanagers", ["http://nul\x00"]),
        ("alertmanagers", ["http://a/" + "b" * 2048]),
        ("alertmanagers", ["http://alertmanager"] * 17),
        ("alertmanagers", "http://alertmanager"),
        ("receivers", "("),
        ("receivers", ""),
        ("receivers", "nul\x00"),
        ("receivers", "a" * 501),
        ("receivers", "(" * 400 + ")" * 400),
        ("more", "than asked for"),
    ],
)
async def test_what_will_not_do_is_refused_with_its_field(
    client: httpx2.AsyncClient, field: str, value: object
) -> None:
    answer = await client.post(PATH, json=NEW | {field: value})

    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid_request"
    assert answer.json()["errors"][0]["loc"][:2] == ["body", field]


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "Zürich ☃ 東京", "'; DROP TABLE token; --"]
)
async def test_a_name_is_text_and_nothing_else(client: httpx2.AsyncClient, name: str) -> None:
    created = await client.post(PATH, json=NEW | {"name": name})

    assert created.json()["name"] == name


@pytest.mark.parametrize("operation", ["rotate", "revoke"])
async def test_what_is_not_there_can_be_neither_rotated_nor_revoked(
    client: httpx2.AsyncClient, operation: str
) -> None:
    answer = await client.post(f"{PATH}/nobody/{operation}")

    assert answer.status_code == 404
    assert answer.json()["code"] == "integration_not_found"


@pytest.mark.parametrize("slug", ["UPPER", "nul%00", "a" * 64, "%20"])
async def test_a_slug_that_cannot_be_one_is_refused(client: httpx2.AsyncClient, slug: str) -> None:
    assert (await client.post(f"{PATH}/{slug}/rotate")).status_code == 422


async def test_pages_show_everything_once_even_while_more_is_created(
    client: httpx2.AsyncClient, session: AsyncSession
) -> None:
    for number in range(7):
        await make_integration(session, f"cluster-{number}")
    await session.commit()

    seen: list[str] = []
    parameters: dict[str, str | int] = {"limit": 3}
    while True:
        page = (await client.get(PATH, params=parameters)).json()
        seen += [item["slug"] for item in page["items"]]
        await make_integration(session, f"meanwhile-{len(seen)}")
        await session.commit()
        if page["next_cursor"] is None or len(seen) > 20:
            break
        parameters["cursor"] = page["next_cursor"]

    assert seen[:8] == ["default", *(f"cluster-{number}" for number in range(7))]
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"limit": 0}, "invalid_request"),
        ({"limit": 201}, "invalid_request"),
        ({"limit": "x"}, "invalid_request"),
        ({"cursor": "nonsense"}, "invalid_cursor"),
        ({"cursor": ""}, "invalid_cursor"),
        ({"cursor": "WyJhIl0"}, "invalid_cursor"),
        ({"cursor": "W10"}, "invalid_cursor"),
        # A number that no bigint holds.
        ({"cursor": "Wzk5OTk5OTk5OTk5OTk5OTk5OTk5OTld"}, "unstorable_value"),
        ({"cursor": "x" * 1025}, "invalid_request"),
    ],
)
async def test_a_page_that_cannot_be_is_refused(
    client: httpx2.AsyncClient, parameters: dict[str, str | int], code: str
) -> None:
    answer = await client.get(PATH, params=parameters)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
