"""/api/v1/integrations against a real database."""

import httpx2


async def test_a_created_integration_is_listed_without_its_token(
    client: httpx2.AsyncClient,
) -> None:
    created = await client.post("/api/v1/integrations", json={"slug": "cluster-a", "name": "A"})

    listed = await client.get("/api/v1/integrations")

    assert created.status_code == 201
    assert created.json()["token"].startswith("cnop_")
    slugs = [item["slug"] for item in listed.json()["items"]]
    assert slugs == ["default", "cluster-a"]
    assert "token" not in listed.json()["items"][0]


async def test_a_slug_that_is_taken_is_a_conflict(client: httpx2.AsyncClient) -> None:
    await client.post("/api/v1/integrations", json={"slug": "cluster-a", "name": "A"})

    again = await client.post("/api/v1/integrations", json={"slug": "cluster-a", "name": "B"})

    assert again.status_code == 409
    assert again.json()["code"] == "integration_exists"
