"""The entrance as a process: listener, controller, webhook, and a port to look inside."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx2

from e2e.cluster import topology
from e2e.load_balancer.balancer import Balancer
from e2e.load_balancer.controller import Controller
from e2e.load_balancer.http1 import Request, Response, serve_connection
from e2e.load_balancer.kubernetes import Api
from e2e.load_balancer.target_group import Recording
from e2e.load_balancer.webhook import Webhook

_RELOAD_SECONDS = 1.0
# The API server learns of its own webhooks by a watch, and does not tell when it has.
_WEBHOOK_SECONDS = 1.0
_IDLE_SECONDS = 60.0
_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Options:
    kubeconfig: Path
    target_group: Path  # JSON; its name may be a pattern, whose newest match counts
    state: Path  # folder for our own files; `entrance.json` in it says where we listen
    port: int = 0
    lag: float = 2.0  # seconds from the API server into the balancer


async def run(options: Options) -> None:
    """Serve until cancelled."""
    sources = tuple(str(address) for address in topology.LOAD_BALANCER)
    recording = Recording(options.target_group)
    balancer = Balancer(recording.read(), sources=sources)
    api = Api(options.kubeconfig)
    controller = Controller(api, balancer, lag=options.lag)
    try:
        listener = await asyncio.start_server(balancer.serve, _HOST, options.port)
        inside = await asyncio.start_server(_serving(partial(_look_inside, balancer)), _HOST)
        async with listener, inside, asyncio.TaskGroup() as tasks, AsyncExitStack() as webhook:
            tasks.create_task(controller.run())
            tasks.create_task(_reload(balancer, controller, recording))
            await webhook.enter_async_context(_webhook(controller, api, options.state))
            _announce(options.state, _port(listener), _port(inside))
            await asyncio.Event().wait()
    finally:
        await balancer.stop()
        await api.close()


@asynccontextmanager
async def _webhook(controller: Controller, api: Api, state: Path) -> AsyncIterator[None]:
    webhook = Webhook(controller.world, state)
    admission = await asyncio.start_server(
        _serving(webhook.answer), str(topology.ROUTER.ip), ssl=webhook.tls()
    )
    async with admission:
        try:
            await _install(webhook, api, _port(admission))
            yield
        finally:
            await _remove(webhook, api)


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


async def _reload(balancer: Balancer, controller: Controller, recording: Recording) -> None:
    """Follow the recorded target group: `pulumi up` makes it, and may change it."""
    while True:
        await asyncio.sleep(_RELOAD_SECONDS)
        if recording.changed():
            balancer.group = recording.read()
            controller.look_again()


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
