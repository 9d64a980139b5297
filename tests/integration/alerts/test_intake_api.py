"""POST /api/v1/webhooks/alertmanager: what it answers, and what can be read afterwards."""

import httpx2

from tests.support.alertmanager import make_alert, make_message

WEBHOOK = "/api/v1/webhooks/alertmanager"


async def test_a_delivered_alert_can_be_read(client: httpx2.AsyncClient) -> None:
    posted = await client.post(WEBHOOK, json=make_message(make_alert("f1")))

    read = await client.get("/api/v1/alerts/default/f1")

    assert posted.json() == {"accepted": 1, "rejected": []}
    assert read.json()["status"] == "firing"
    assert [episode["closed_at"] for episode in read.json()["episodes"]] == [None]
