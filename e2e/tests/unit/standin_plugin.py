"""A stand-in's server and a client that asks it as the engine does, over gRPC."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Self, cast

import grpc
from pulumi.runtime.proto import provider_pb2 as wire
from pulumi.runtime.proto import provider_pb2_grpc

from e2e.deploy.cloud.cloud import Cloud
from e2e.deploy.cloud.plugin import Operations, listen
from e2e.deploy.cloud.protocol import Servicer
from e2e.deploy.cloud.values import Values, decode, encode


class Refused(Exception):
    """What the engine would show."""


@dataclass(frozen=True)
class Created:
    type: str
    name: str
    id: str
    inputs: Values
    state: Values

    def text(self, key: str) -> str:
        return cast("str", self.state[key])


class Plugin:
    def __init__(self, stub: provider_pb2_grpc.ResourceProviderStub) -> None:
        self._stub = stub

    @classmethod
    @contextmanager
    def serving(cls, cloud: Cloud, **settings: str) -> Iterator[Self]:
        servicer = Servicer(cloud, Operations())
        register = provider_pb2_grpc.add_ResourceProviderServicer_to_server
        server, port = listen(partial(register, servicer))
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            plugin = cls(provider_pb2_grpc.ResourceProviderStub(channel))
            plugin.configure(**settings)
            yield plugin
        server.stop(None).wait()

    def configure(self, **settings: str) -> None:
        with _readable():
            self._stub.Configure(wire.ConfigureRequest(args=encode(settings)))

    def check(self, type_: str, name: str, inputs: Values, old: Values | None = None) -> Values:
        request = wire.CheckRequest(
            urn=_urn(type_, name), news=encode(inputs), olds=encode(old or {})
        )
        with _readable():
            answer = self._stub.Check(request)
        if answer.failures:
            raise Refused("; ".join(f"{one.property}: {one.reason}" for one in answer.failures))
        return decode(answer.inputs)

    def create(self, type_: str, name: str, /, **inputs: object) -> Created:
        checked = self.check(type_, name, cast("Values", inputs))
        request = wire.CreateRequest(urn=_urn(type_, name), properties=encode(checked))
        with _readable():
            answer = self._stub.Create(request)
        return Created(type_, name, answer.id, checked, decode(answer.properties))

    def preview(self, type_: str, name: str, /, **inputs: object) -> Values:
        checked = self.check(type_, name, cast("Values", inputs))
        request = wire.CreateRequest(
            urn=_urn(type_, name), properties=encode(checked), preview=True
        )
        return decode(self._stub.Create(request).properties)

    def diff(self, known: Created, inputs: Mapping[str, object]) -> wire.DiffResponse:
        new = self.check(known.type, known.name, cast("Values", dict(inputs)), known.inputs)
        answer: wire.DiffResponse = self._stub.Diff(
            wire.DiffRequest(
                id=known.id,
                urn=_urn(known.type, known.name),
                olds=encode(known.state),
                old_inputs=encode(known.inputs),
                news=encode(new),
            )
        )
        return answer

    def preview_update(self, known: Created, /, **changes: object) -> Values:
        return decode(self._stub.Update(self._update(known, changes, preview=True)).properties)

    def update(self, known: Created, /, **changes: object) -> Created:
        request = self._update(known, changes)
        with _readable():
            state = decode(self._stub.Update(request).properties)
        return Created(known.type, known.name, known.id, decode(request.news), state)

    @staticmethod
    def _update(
        known: Created, changes: Mapping[str, object], *, preview: bool = False
    ) -> wire.UpdateRequest:
        """Change inputs; None takes one away."""
        inputs = {**known.inputs, **cast("Values", changes)}
        return wire.UpdateRequest(
            id=known.id,
            urn=_urn(known.type, known.name),
            olds=encode(known.state),
            old_inputs=encode(known.inputs),
            news=encode(inputs),
            preview=preview,
        )

    def read(self, known: Created) -> tuple[str, Values, Values]:
        """Refresh; gives back id, state and inputs."""
        return self._read(known, known.state, known.inputs)

    def take_over(self, known: Created) -> tuple[str, Values, Values]:
        """Import: read with nothing but an id."""
        return self._read(known, {}, {})

    def delete(self, known: Created) -> None:
        request = wire.DeleteRequest(
            id=known.id, urn=_urn(known.type, known.name), properties=encode(known.state)
        )
        with _readable():
            self._stub.Delete(request)

    def invoke(self, function: str, /, **arguments: object) -> Values:
        request = wire.InvokeRequest(tok=function, args=encode(cast("Values", arguments)))
        with _readable():
            return decode(getattr(self._stub.Invoke(request), "return"))

    def _read(self, known: Created, state: Values, inputs: Values) -> tuple[str, Values, Values]:
        request = wire.ReadRequest(
            id=known.id,
            urn=_urn(known.type, known.name),
            properties=encode(state),
            inputs=encode(inputs),
        )
        with _readable():
            answer = self._stub.Read(request)
        return answer.id, decode(answer.properties), decode(answer.inputs)


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except grpc.RpcError as error:
        raise Refused(error.details()) from None


def _urn(type_: str, name: str) -> str:
    return f"urn:pulumi:stack::project::parent:index:Parent${type_}::{name}"
