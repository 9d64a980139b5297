"""As much of the Kubernetes API as the entrance needs: lists that are kept current, and patches."""

import asyncio
import base64
import json
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import TypeAlias, cast

import httpx2
import yaml

from e2e.load_balancer.errors import EntranceError

# A Kubernetes object; what it holds is known by whoever asked for it.
Object: TypeAlias = "dict[str, object]"
Key: TypeAlias = tuple[str, str]  # namespace, name

_RETRY_SECONDS = 0.5


class Api:
    """A client with the rights of a kubeconfig."""

    def __init__(self, kubeconfig: Path) -> None:
        cluster, user = _current(kubeconfig)
        token = user.get("token")
        self._client = httpx2.AsyncClient(
            base_url=cluster["server"],
            verify=_tls(cluster, user),
            headers={"authorization": f"Bearer {token}"} if token else {},
            timeout=httpx2.Timeout(10, read=None),  # a watch may be silent for long
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def get(self, path: str) -> Object:
        response = await self._client.get(path)
        response.raise_for_status()
        return cast("Object", response.json())

    async def patch(self, path: str, body: Mapping[str, object], *, kind: str) -> None:
        """Patch in a way such as `strategic-merge-patch`."""
        headers = {"content-type": f"application/{kind}+json"}
        response = await self._client.patch(path, content=json.dumps(body), headers=headers)
        response.raise_for_status()

    async def apply(self, path: str, body: Mapping[str, object], *, manager: str) -> None:
        """Server-side apply."""
        response = await self._client.patch(
            path,
            params={"fieldManager": manager, "force": "true"},
            content=json.dumps(body),
            headers={"content-type": "application/apply-patch+yaml"},
        )
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
        listed = await self.get(path)
        store.clear()
        for item in cast("list[Object]", listed["items"]):
            store[key_of(item)] = item
        return str(cast("Object", listed["metadata"])["resourceVersion"])

    async def _watch(self, path: str, version: str) -> AsyncIterator[Object]:
        query = {"watch": "1", "resourceVersion": version, "allowWatchBookmarks": "true"}
        async with self._client.stream("GET", path, params=query) as response:
            response.raise_for_status()
            async for line in response.aiter_lines():
                event = cast("Object", json.loads(line))
                if event["type"] == "ERROR":
                    return  # usually 410: the version is too old, so list again
                yield event


def key_of(item: Object) -> Key:
    metadata = cast("Object", item["metadata"])
    return str(metadata.get("namespace", "")), str(metadata["name"])


def _apply_event(event: Object, store: dict[Key, Object]) -> None:
    item = cast("Object", event["object"])
    if event["type"] == "DELETED":
        store.pop(key_of(item), None)
    elif event["type"] != "BOOKMARK":
        store[key_of(item)] = item


def _current(kubeconfig: Path) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Find the cluster and the user of the current context."""
    try:
        config = yaml.safe_load(kubeconfig.read_text())
        contexts = {entry["name"]: entry["context"] for entry in config["contexts"]}
        context = contexts[config["current-context"]]
        clusters = {entry["name"]: entry["cluster"] for entry in config["clusters"]}
        users = {entry["name"]: entry["user"] for entry in config["users"]}
        return clusters[context["cluster"]], users[context["user"]]
    except (OSError, KeyError, TypeError, yaml.YAMLError) as error:
        raise EntranceError(f"{kubeconfig} is not a kubeconfig: {error!r}") from error


def _tls(cluster: Mapping[str, str], user: Mapping[str, str]) -> ssl.SSLContext:
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    context = ssl.create_default_context(cadata=authority)
    if "client-certificate-data" in user:
        # The ssl module reads a client's key from a file only; this one lives for a moment.
        with tempfile.NamedTemporaryFile() as file:
            for part in ("client-certificate-data", "client-key-data"):
                file.write(base64.b64decode(user[part]))
            file.flush()
            context.load_cert_chain(file.name)
    return context
