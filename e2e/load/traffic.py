"""What users of the platform send: alerts whose acceptance must not be forgotten."""

import json
import urllib.parse
import urllib.request
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast

import httpx2

from e2e.load.load import Request

_PAGE = 200  # the API's maximum
_MAX_PAGES = 1000


class Alerts:
    """Alertmanager's webhook messages, one alert each; `accepted` are those answered with 2xx."""

    def __init__(self, *, token: str) -> None:
        self.run = uuid.uuid4().hex[:8]
        self.accepted: set[str] = set()
        self._token = token

    def request(self, number: int) -> Request:
        body = json.dumps(_message(self._labels(number), self._fingerprint(number))).encode()
        headers = {
            "host": "platform.local",
            "authorization": f"Bearer {self._token}",
            "content-type": "application/json",
        }
        return Request("POST", "/api/v1/webhooks/alertmanager", headers, body)

    def answered(self, number: int, response: httpx2.Response) -> None:
        if response.json()["accepted"] == 1:
            self.accepted.add(self._fingerprint(number))

    def lost(self, url: str) -> set[str]:
        """Ask the API for every accepted alert; give the fingerprints that it does not know."""
        return self.accepted - self._stored(url)

    def _stored(self, url: str) -> set[str]:
        found: set[str] = set()
        query = {"label": f"load_run={self.run}", "limit": str(_PAGE)}
        for _ in range(_MAX_PAGES):
            page = self._get(f"{url}/api/v1/alerts?{urllib.parse.urlencode(query)}")
            items = cast("list[Mapping[str, str]]", page["items"])
            found |= {item["fingerprint"] for item in items}
            if not page["next_cursor"]:
                break
            query["cursor"] = str(page["next_cursor"])
        return found

    def _get(self, url: str) -> Mapping[str, object]:
        headers = {"authorization": f"Bearer {self._token}"}
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 - http, 127.0.0.1
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
            return cast("Mapping[str, object]", json.load(answer))

    def _labels(self, number: int) -> Mapping[str, str]:
        labels = {"alertname": "LoadTest", "service": "load", "severity": "info"}
        return {**labels, "load_run": self.run, "number": str(number)}

    def _fingerprint(self, number: int) -> str:
        """Sixteen hexadecimal digits, as Alertmanager's."""
        return f"{self.run}{number:08x}"


def _message(labels: Mapping[str, str], fingerprint: str) -> Mapping[str, object]:
    alert = {
        "status": "firing",
        "labels": labels,
        "annotations": {"summary": "made by the load generator"},
        "startsAt": datetime.now(UTC).isoformat(),
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.local/graph",
        "fingerprint": fingerprint,
    }
    return {
        "version": "4",
        "groupKey": f'{{}}:{{load_run="{labels["load_run"]}"}}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "platform",
        "groupLabels": {"alertname": labels["alertname"]},
        "commonLabels": labels,
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.local",
        "alerts": [alert],
    }
