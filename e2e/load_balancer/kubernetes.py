"""As much of the Kubernetes API as the load balancer needs: current lists, and patches."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeAlias

import httpx2

from e2e.cluster import topology

# A Kubernetes object; what it holds is known by whoever asked for it.
Object: TypeAlias = "dict[str, Any]"
Key: TypeAlias = tuple[str, str]  # namespace, name

_RETRY_SECONDS = 0.5


class Api:
    """An administrator, by the certificates in the cluster's `pki` folder."""

    def __init__(self, pki: Path) -> None:
        context = ssl.create_default_context(cafile=pki / "ca.crt")
        context.load_cert_chain(pki / "admin.crt", pki / "admin.key")
        self._client = httpx2.AsyncClient(
            base_url=topology.API_SERVER_URL,
            verify=context,
            timeout=httpx2.Timeout(10, read=None),  # a watch may be silent for long
        )

    async def aclose(self) -> None:
        await self._client.aclose()

    async def patch(self, path: str, body: Object, *, kind: str) -> None:
        """Patch in a way such as `strategic-merge-patch+json`."""
        headers = {"content-type": f"application/{kind}"}
        response = await self._client.patch(path, content=json.dumps(body), headers=headers)
        response.raise_for_status()

    async def delete(self, path: str) -> None:
        await self._client.delete(path)

    async def keep_current(
        self, path: str, store: dict[Key, Object], changed: Callable[[], None]
    ) -> None:
        """Mirror the objects under `path` in `store` for ever; list anew when the watch breaks.

        A kind that the API server does not know yet counts as an empty list.
        """
        while True:
            try:
                version = await self._list(path, store)
                changed()
                async for event in self._watch(path, version):
                    _apply_event(event, store)
                    changed()
            except (httpx2.HTTPError, ValueError):
                await asyncio.sleep(_RETRY_SECONDS)

    async def _list(self, path: str, store: dict[Key, Object]) -> str:
        response = await self._client.get(path)
        response.raise_for_status()
        listed = response.json()
        store.clear()
        store.update({key_of(item): item for item in listed["items"]})
        return str(listed["metadata"]["resourceVersion"])

    async def _watch(self, path: str, version: str) -> AsyncIterator[Object]:
        query = {"watch": "1", "resourceVersion": version, "allowWatchBookmarks": "true"}
        async with self._client.stream("GET", path, params=query) as response:
            response.raise_for_status()
            async for line in response.aiter_lines():
                event = json.loads(line)
                if event["type"] == "ERROR":
                    return  # usually 410: the version is too old, so list again
                yield event


def key_of(item: Object) -> Key:
    metadata = item["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def _apply_event(event: Object, store: dict[Key, Object]) -> None:
    item = event["object"]
    if event["type"] == "DELETED":
        store.pop(key_of(item), None)
    elif event["type"] != "BOOKMARK":
        store[key_of(item)] = item
