"""As much of the Kubernetes API as the load balancer needs: lists, and patches."""

import json
import ssl
from pathlib import Path
from typing import Any, TypeAlias

import httpx2

from e2e.cluster import topology

# A Kubernetes object; what it holds is known by whoever asked for it.
Object: TypeAlias = "dict[str, Any]"


class Api:
    """An administrator, by the certificates in the cluster's `pki` folder."""

    def __init__(self, pki: Path) -> None:
        context = ssl.create_default_context(cafile=pki / "ca.crt")
        context.load_cert_chain(pki / "admin.crt", pki / "admin.key")
        self._client = httpx2.Client(base_url=topology.API_SERVER_URL, verify=context, timeout=5)

    def close(self) -> None:
        self._client.close()

    def items(self, path: str, **query: str) -> list[Object]:
        """List objects; of a kind that the API server does not know yet there are none."""
        response = self._client.get(path, params=query)
        if response.status_code == httpx2.codes.NOT_FOUND:
            return []
        response.raise_for_status()
        found: list[Object] = response.json()["items"]
        return found

    def patch(self, path: str, body: Object) -> None:
        headers = {"content-type": "application/strategic-merge-patch+json"}
        response = self._client.patch(path, content=json.dumps(body), headers=headers)
        response.raise_for_status()
