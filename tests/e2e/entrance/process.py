"""The entrance as a process: listener, controller, webhook, and a port to look inside."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx2

from tests.e2e.cluster import topology
from tests.e2e.entrance.balancer import Balancer
from tests.e2e.entrance.controller import Controller
from tests.e2e.entrance.http1 import Request, Response, serve_connection
from tests.e2e.entrance.kubernetes import Api
from tests.e2e.entrance.target_group import TargetGroup
from tests.e2e.entrance.webhook import Webhook

_RELOAD_SECONDS = 1.0
# The API server learns of its own webhooks by a watch, and does not tell when it has.
_WEBHOOK_SECONDS = 1.0
_IDLE_SECONDS = 60.0
_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Options:
    kubeconfig: Path
    target_group: Path  # JSON; read again whenever it changes
    state: Path  # folder for our own files; `entrance.json` in it says where we listen
    port: int = 0
    lag: float = 2.0  # seconds from the API server into the balancer


async def run(options: Options) -> None:
    """Serve until cancelled."""
    sources = tuple(str(address) for address in topology.LOAD_BALANCER)
    balancer = Balancer(TargetGroup.load(options.target_group), sources=sources)
    api = Api(options.kubeconfig)
    controller = Controller(api, balancer, lag=options.lag)
    webhook = Webhook(controller.world, options.state)
    try:
        listener = await asyncio.start_server(balancer.serve, _HOST, options.port)
        inside = await asyncio.start_server(_serving(partial(_look_inside, balancer)), _HOST)
        admission = await asyncio.start_server(
            _serving(webhook.answer), str(topology.ROUTER.ip), ssl=webhook.tls()
        )
        async with listener, inside, admission, asyncio.TaskGroup() as tasks:
            tasks.create_task(controller.run())
            tasks.create_task(_reload(balancer, options.target_group))
            await _install(webhook, api, _port(admission))
            _announce(options.state, _port(listener), _port(inside))
    finally:
        await balancer.stop()
        await _remove(webhook, api)
        await api.close()


def _port(server: asyncio.Server) -> int:
    return int(server.sockets[0].getsockname()[1])


def _serving(
    answer: Callable[[Request, str], Awaitable[Response]],
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await serve_connection(reader, writer, answer, idle_seconds=_IDLE_SECONDS)

    return serve


def _announce(state: Path, listener: int, inside: int) -> None:
    """Write where we listen, whole or not at all."""
    urls = {"url": f"http://{_HOST}:{listener}", "inside": f"http://{_HOST}:{inside}"}
    partial_file = state / "entrance.json.partial"
    partial_file.write_text(json.dumps(urls))
    partial_file.rename(state / "entrance.json")


async def _look_inside(balancer: Balancer, request: Request, _: str) -> Response:
    """GET /counts and /targets."""
    answers: dict[str, object] = {
        "/counts": balancer.counts.as_json(),
        "/targets": [
            {"address": str(target.address), "state": target.state, "requests": target.requests}
            for target in balancer.targets
        ],
    }
    if request.target not in answers:
        return Response(404, ((b"content-length", b"0"),))
    body = json.dumps(answers[request.target]).encode()
    headers = ((b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)))
    return Response(200, headers, body)


async def _reload(balancer: Balancer, file: Path) -> None:
    """Follow the recorded target group: `pulumi up` may change it."""
    seen = _changed_at(file)
    while True:
        await asyncio.sleep(_RELOAD_SECONDS)
        if (now := _changed_at(file)) not in (0, seen):
            seen = now
            balancer.group = TargetGroup.load(file)


def _changed_at(file: Path) -> int:
    return file.stat().st_mtime_ns if file.exists() else 0


async def _install(webhook: Webhook, api: Api, port: int) -> None:
    """Return when new pods pass the webhook, as soon as there is an API server that takes it."""
    while True:
        try:
            await webhook.install(api, port)
        except httpx2.HTTPError:
            await asyncio.sleep(_RELOAD_SECONDS)
        else:
            await asyncio.sleep(_WEBHOOK_SECONDS)
            return


async def _remove(webhook: Webhook, api: Api) -> None:
    try:
        await webhook.remove(api)
    except httpx2.HTTPError:
        return  # the cluster went first
