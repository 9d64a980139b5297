"""A fake provider's server, asked as the engine asks it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn, cast

import grpc
from pulumi.runtime.proto import provider_pb2 as wire

from e2e.deploy.cloud.plugin import Operations
from e2e.deploy.cloud.protocol import Servicer
from e2e.deploy.cloud.provider import Provider
from e2e.deploy.cloud.values import Properties, decode, encode


class Refused(Exception):
    """What the engine would show."""


class _Context:
    def abort(self, _: grpc.StatusCode, message: str) -> NoReturn:
        raise Refused(message)


_CONTEXT = cast("grpc.ServicerContext", _Context())


@dataclass(frozen=True)
class Created:
    type: str
    name: str
    id: str
    inputs: Properties
    state: Properties


class Plugin:
    def __init__(self, provider: Provider) -> None:
        self._servicer = Servicer(provider, Operations())

    def configure(self, **settings: str) -> None:
        self._servicer.Configure(wire.ConfigureRequest(args=encode(settings)), _CONTEXT)

    def check(
        self, type_: str, name: str, inputs: Mapping[str, object], old: Properties | None = None
    ) -> Properties:
        request = wire.CheckRequest(
            urn=_urn(type_, name), news=encode(inputs), olds=encode(old or {})
        )
        return decode(self._servicer.Check(request, _CONTEXT).inputs)

    def create(
        self, type_: str, name: str, /, *, preview: bool = False, **inputs: object
    ) -> Created:
        checked = self.check(type_, name, inputs)
        request = wire.CreateRequest(
            urn=_urn(type_, name), properties=encode(checked), preview=preview
        )
        answer = self._servicer.Create(request, _CONTEXT)
        return Created(type_, name, answer.id, checked, decode(answer.properties))

    def diff(self, known: Created, **inputs: object) -> wire.DiffResponse:
        new = self.check(known.type, known.name, inputs, known.inputs)
        request = wire.DiffRequest(**_before(known), news=encode(new))
        return self._servicer.Diff(request, _CONTEXT)

    def update(self, known: Created, /, *, preview: bool = False, **changes: object) -> Created:
        """Change inputs; None takes one away."""
        every = (known.inputs | changes).items()
        inputs = {key: value for key, value in every if value is not None}
        request = wire.UpdateRequest(**_before(known), news=encode(inputs), preview=preview)
        state = decode(self._servicer.Update(request, _CONTEXT).properties)
        return replace(known, inputs=inputs, state=state)

    def read(self, known: Created, *, imported: bool = False) -> tuple[str, Properties, Properties]:
        """Refresh, or import with nothing but an id; gives back id, state and inputs."""
        request = wire.ReadRequest(
            id=known.id,
            urn=_urn(known.type, known.name),
            properties=encode({} if imported else known.state),
            inputs=encode({} if imported else known.inputs),
        )
        answer = self._servicer.Read(request, _CONTEXT)
        return answer.id, decode(answer.properties), decode(answer.inputs)

    def delete(self, known: Created) -> None:
        urn = _urn(known.type, known.name)
        request = wire.DeleteRequest(id=known.id, urn=urn, properties=encode(known.state))
        self._servicer.Delete(request, _CONTEXT)

    def invoke(self, function: str, /, **arguments: object) -> Properties:
        request = wire.InvokeRequest(tok=function, args=encode(arguments))
        return decode(getattr(self._servicer.Invoke(request, _CONTEXT), "return"))


def _before(known: Created) -> dict[str, Any]:
    """What requests about something that exists have in common."""
    olds, old_inputs = encode(known.state), encode(known.inputs)
    urn = _urn(known.type, known.name)
    return {"id": known.id, "urn": urn, "olds": olds, "old_inputs": old_inputs}


def _urn(type_: str, name: str) -> str:
    return f"urn:pulumi:stack::project::parent:index:Parent${type_}::{name}"
