"""What Grafana's webhook contact point sends, as its documentation gives it, stored as it comes.

https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
"""

from urllib.parse import urlsplit

import httpx2
import pytest
import yaml

from tests.support.alertmanager import Json
from tests.support.connect_page import snippet

WEBHOOK = "/api/v1/webhooks/alertmanager"
ZERO = "0001-01-01T00:00:00Z"
RULE = {"alertname": "High memory usage", "grafana_folder": "GrafanaCloud", "team": "blue"}
LINKS = {
    "generatorURL": "https://play.grafana.org/alerting/grafana/cdj1/view?orgId=1",
    "silenceURL": "https://play.grafana.org/alerting/silence/new?alertmanager=grafana&orgId=1",
    "dashboardURL": "https://play.grafana.org/d/abc?orgId=1",
    "panelURL": "https://play.grafana.org/d/abc?viewPanel=4&orgId=1",
}


def grafana_alert(status: str, labels: Json, **changes: object) -> Json:
    return {
        "status": status,
        "labels": labels,
        "annotations": {"summary": "Memory is scarce"},
        "startsAt": "2026-11-30T10:00:00.000000001+01:00",
        "endsAt": ZERO if status == "firing" else "2026-11-30T10:05:00+01:00",
        "fingerprint": "6b7a1a5b8d0e4f21",
        "values": {"B": 44.23943737541908, "C": 1},
        "valueString": "[ var='B' labels={} value=44.2 ]",
        "imageURL": "",
        **LINKS,
        **changes,
    }


def grafana_message(alert: Json) -> Json:
    """Its `version` is "1", and it has members that Alertmanager does not send."""
    return {
        "receiver": "My Super Webhook",
        "status": alert["status"],
        "orgId": 1,
        "alerts": [alert],
        "groupLabels": {"alertname": alert["labels"]["alertname"]},
        "commonLabels": alert["labels"],
        "commonAnnotations": {},
        "externalURL": "https://play.grafana.org/",
        "version": "1",
        "groupKey": '{}:{alertname="High memory usage"}',
        "truncatedAlerts": 0,
        "title": "[FIRING:1]  (High memory usage)",
        "state": "alerting",
        "message": "**Firing**",
    }


KINDS = {
    "firing": grafana_alert("firing", RULE),
    "resolved": grafana_alert("resolved", RULE, values=None, valueString=""),
    "the test button": grafana_alert(
        "firing",
        {"alertname": "TestAlert", "instance": "Grafana"},
        generatorURL="?orgId=1",
        dashboardURL="",
        panelURL="",
        values=None,
    ),
    "DatasourceError": grafana_alert(
        "firing",
        {"alertname": "DatasourceError", "rulename": "High memory usage", "ref_id": "A"},
        annotations={"Error": "connection refused", "grafana_state_reason": "Error"},
        values=None,
    ),
    "NoData": grafana_alert(
        "firing",
        {"alertname": "DatasourceNoData", "rulename": "High memory usage"},
        annotations={"grafana_state_reason": "NoData"},
        values=None,
    ),
}


@pytest.mark.parametrize("alert", KINDS.values(), ids=KINDS.keys())
async def test_a_contact_point_delivers_as_it_comes(
    client: httpx2.AsyncClient, alert: Json
) -> None:
    posted = await client.post(WEBHOOK, json=grafana_message(alert))

    stored = (await client.get(f"/api/v1/alerts/default/{alert['fingerprint']}")).json()
    assert posted.json() == {"accepted": 1, "rejected": []}
    for name in ("status", "labels", "annotations"):
        assert stored[name] == alert[name]
    sent = {name.removesuffix("URL"): alert[name] for name in LINKS}
    sent |= {"source": sent.pop("generator"), "alertmanager": "https://play.grafana.org/"}
    assert stored["links"] == {name: url for name, url in sent.items() if url.startswith("http")}


async def test_the_provisioned_contact_point_delivers(client: httpx2.AsyncClient) -> None:
    [point] = yaml.safe_load(snippet("contactPoints:"))["contactPoints"]
    [receiver] = point["receivers"]
    settings = receiver["settings"]
    # What its webhook integration reads (github.com/grafana/alerting, receivers/webhook).
    known = {"url", "httpMethod", "authorization_scheme", "authorization_credentials", "maxAlerts"}
    assert receiver["type"] == "webhook"
    assert receiver["disableResolveMessage"] is False
    assert settings.keys() == known
    assert settings["maxAlerts"] == 0
    token = client.headers["authorization"].partition(" ")[2]
    credentials = settings["authorization_credentials"].replace("$OBSERVABILITY_TOKEN", token)

    posted = await client.request(
        settings["httpMethod"],
        urlsplit(settings["url"]).path,
        json=grafana_message(KINDS["firing"]),
        headers={"authorization": f"{settings['authorization_scheme']} {credentials}"},
    )

    assert posted.json() == {"accepted": 1, "rejected": []}
