"""How to send the first alert: texts to copy, with this server's address and without a token."""

import json
import re
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request

from backend.console.display import machine_time

WEBHOOK = "/api/v1/webhooks/alertmanager"
# The host is what the browser sent; anything unusual must not reach somebody's shell.
_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d+)?|\[[0-9a-fA-F:]+\](:\d+)?")


@dataclass(frozen=True, slots=True)
class FirstAlert:
    curl: str
    receiver: str


def first_alert(request: Request, now: datetime, *, local: bool) -> FirstAlert:
    """Write the texts. `local`: the token is in the file that `make up` writes."""
    address = base_address(request) + WEBHOOK
    token = "$(cat .local/admin-token)" if local else "..."
    return FirstAlert(
        curl="\n".join(
            (
                f"TOKEN={token}",
                f"curl --fail-with-body {address} \\",
                '  -H "Authorization: Bearer $TOKEN" \\',
                "  -H 'Content-Type: application/json' \\",
                f"  --data '{_body(now)}'",
            )
        ),
        receiver="\n".join(
            (
                "receivers:",
                "  - name: observability-platform",
                "    webhook_configs:",
                f"      - url: {address}",
                "        http_config:",
                "          authorization:",
                "            credentials_file: /path/to/a/file/with/the/token",
            )
        ),
    )


def base_address(request: Request) -> str:
    host = request.headers.get("host", "")
    return f"{request.url.scheme}://{host if _HOST.fullmatch(host) else 'HOST'}"


def _body(now: datetime) -> str:
    labels = {"alertname": "FirstAlert", "severity": "warning", "service": "hello"}
    annotations = {"summary": "Sent by hand"}
    return "\n    ".join(
        (
            '{"version": "4", "receiver": "by-hand", "groupKey": "{}", "alerts": [{',
            '"status": "firing", "fingerprint": "00000000000000f1",',
            f'"startsAt": "{machine_time(now)}", "endsAt": "0001-01-01T00:00:00Z",',
            f'"labels": {json.dumps(labels)},',
            f'"annotations": {json.dumps(annotations)}}}]}}',
        )
    )
