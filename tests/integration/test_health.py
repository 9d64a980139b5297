"""Probes against a real database."""

import httpx2


async def test_ready_on_the_schema_of_this_release(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/ready")).status_code == 200
