"""Sending alerts as Alertmanager does: through the webhook, with an integration's token."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import httpx2

from tests.browser.stack import Stack
from tests.support.alertmanager import Json, fingerprint, make_alert, make_message

WEBHOOK = "/api/v1/webhooks/alertmanager"


def alert(
    name: str,
    *,
    ago: timedelta = timedelta(minutes=10),
    resolved: timedelta | None = None,
    annotations: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    **more_labels: str,
) -> Json:
    """Make an alert that started `ago`; with `resolved`, one that ended so long ago."""
    now = datetime.now(UTC)
    all_labels = {"alertname": name, **(labels or {}), **more_labels}
    return make_alert(
        fingerprint(all_labels),
        status="firing" if resolved is None else "resolved",
        starts_at=now - ago,
        ends_at=None if resolved is None else now - resolved,
        labels=all_labels,
        annotations=annotations,
    )


def send(stack: Stack, *alerts: Json, token: str | None = None) -> dict[str, Any]:
    """Deliver in one request, and return the answer once everything is committed."""
    answer = httpx2.post(
        stack.url + WEBHOOK,
        json=make_message(*alerts),
        headers={"Authorization": f"Bearer {token or stack.admin_token}"},
        timeout=30,
    )
    assert answer.status_code == HTTPStatus.OK, answer.text
    body: dict[str, Any] = answer.json()
    return body


def create_integration(stack: Stack, slug: str) -> str:
    """Create an integration through the API and return its token."""
    answer = httpx2.post(
        f"{stack.url}/api/v1/integrations",
        json={"slug": slug, "name": slug, "alertmanagers": []},
        headers={"Authorization": f"Bearer {stack.admin_token}"},
        timeout=10,
    )
    assert answer.status_code == HTTPStatus.CREATED, answer.text
    token: str = answer.json()["token"]
    return token
