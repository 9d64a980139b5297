"""A body that has arrived belongs to the application, even if its sender has gone meanwhile.

uvicorn forgets what it has read once the connection is closed. A sender that gives up after ten
seconds because the database is slow has delivered all the same.
"""

from typing import Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Cycle(Protocol):
    """What uvicorn has read of one request."""

    body: bytearray
    more_body: bool


def with_whole_body(cycle: Cycle, app: ASGIApp) -> ASGIApp:
    """Let the application read a body that arrived whole, whatever became of its connection."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        taken = False

        async def receive_whole() -> Message:
            nonlocal taken
            message = await receive()
            if message["type"] == "http.disconnect" and not (taken or cycle.more_body):
                message = {"type": "http.request", "body": bytes(cycle.body), "more_body": False}
            taken = taken or not message.get("more_body", False)
            return message

        await app(scope, receive_whole, send)

    return run
