"""The Kubernetes API from inside a pod, with the rights of its service account. Stdlib alone."""

import json
import ssl
import urllib.request
from collections.abc import Mapping
from http.client import HTTPResponse
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

    def wait_for_change(self, path: str, seconds: int) -> None:
        """Watch a list until something in it changes, at most for some seconds."""
        joint = "&" if "?" in path else "?"
        version = self._send("GET", f"{path}{joint}limit=1")["metadata"]["resourceVersion"]
        watch = f"watch=true&resourceVersion={version}&timeoutSeconds={seconds}"
        with self._open("GET", f"{path}{joint}{watch}", timeout=seconds + _SECONDS) as answer:
            answer.readline()

    def merge(self, path: str, patch: Mapping[str, object]) -> None:
        """Apply a JSON merge patch."""
        self._send("PATCH", path, json.dumps(patch).encode())

    def _send(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        with self._open(method, path, body) as answer:
            return cast("dict[str, Any]", json.load(answer))

    def _open(
        self, method: str, path: str, body: bytes | None = None, *, timeout: float = _SECONDS
    ) -> HTTPResponse:
        headers = {
            "Authorization": f"Bearer {self._token.read_text()}",  # the kubelet renews it
            "Content-Type": "application/merge-patch+json",
        }
        request = urllib.request.Request(  # noqa: S310 - the cluster's own https
            self._server + path, data=body, headers=headers, method=method
        )
        answer = urllib.request.urlopen(request, timeout=timeout, context=self._tls)  # noqa: S310 - as above
        return cast("HTTPResponse", answer)
