"""The Kubernetes API from inside a pod, with the rights of its service account. Stdlib alone."""

import json
import ssl
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_SECONDS = 5


class Api:
    def __init__(self, server: str, account: Path = SERVICE_ACCOUNT) -> None:
        self._server = server
        self._token = account / "token"
        self._tls = ssl.create_default_context(cafile=str(account / "ca.crt"))

    def items(self, path: str) -> list[dict[str, Any]]:
        """Get the objects of a list."""
        return cast("list[dict[str, Any]]", self._send("GET", path)["items"])

    def merge(self, path: str, patch: Mapping[str, object]) -> None:
        """Apply a JSON merge patch."""
        self._send("PATCH", path, json.dumps(patch).encode())

    def _send(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        headers = {
            "Authorization": f"Bearer {self._token.read_text()}",  # the kubelet renews it
            "Content-Type": "application/merge-patch+json",
        }
        request = urllib.request.Request(  # noqa: S310 - the cluster's own https
            self._server + path, data=body, headers=headers, method=method
        )
        with urllib.request.urlopen(request, timeout=_SECONDS, context=self._tls) as answer:  # noqa: S310 - as above
            return cast("dict[str, Any]", json.load(answer))
