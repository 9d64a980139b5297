"""The engine's side of a stand-in: gRPC requests in, the cloud's answers out, all recorded."""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import NoReturn, Protocol, TypeVar

import grpc
from google.protobuf import empty_pb2
from google.protobuf.message import Message
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc
from pulumi.runtime.proto import provider_pb2 as wire

from e2e.deploy.cloud import diffs, drift, environment, plugin, sdk_types
from e2e.deploy.cloud.cloud import Asked, Cloud
from e2e.deploy.cloud.errors import Rejected
from e2e.deploy.cloud.plugin import Operations
from e2e.deploy.cloud.records import Call, Records, Resource, now
from e2e.deploy.cloud.sdk_types import Problem
from e2e.deploy.cloud.values import UNKNOWN, Values, conceal, decode, encode, reveal

Answer = TypeVar("Answer", bound=Message)


class _Request(Protocol):
    """What all requests about a resource have in common."""

    urn: str
    name: str
    type: str


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """A plugin's server for one provider. Names and parameters are those of the protocol."""

    # ruff: noqa: N802, ARG002

    def __init__(self, cloud: Cloud, operations: Operations) -> None:
        self._cloud = cloud
        self._records = cloud.records
        self._operations = operations

    def GetPluginInfo(
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=sdk_types.version(self._cloud.package))

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Nothing: what has begun is finished."""
        return empty_pb2.Empty()

    def CheckConfig(
        self, request: wire.CheckRequest, context: grpc.ServicerContext
    ) -> wire.CheckResponse:
        settings = reveal(decode(request.news))
        problems = sdk_types.provider_problems(self._cloud.package, settings)
        return wire.CheckResponse(inputs=request.news, failures=_failures(problems))

    def DiffConfig(
        self, request: wire.DiffRequest, context: grpc.ServicerContext
    ) -> wire.DiffResponse:
        return diffs.answer(decode(request.old_inputs), decode(request.news), {"region"})

    def Configure(
        self, request: wire.ConfigureRequest, context: grpc.ServicerContext
    ) -> wire.ConfigureResponse:
        def act() -> wire.ConfigureResponse:
            self._cloud.configure(reveal(decode(request.args)))
            return wire.ConfigureResponse(
                acceptSecrets=True, supportsPreview=True, acceptResources=True
            )

        return _guarded(context, act)

    def Invoke(
        self, request: wire.InvokeRequest, context: grpc.ServicerContext
    ) -> wire.InvokeResponse:
        def act() -> wire.InvokeResponse:
            response = wire.InvokeResponse()
            result = self._cloud.call(request.tok, reveal(decode(request.args)))
            # The field's name is a keyword of Python.
            getattr(response, "return").CopyFrom(encode(result))
            return response

        return self._recorded(context, "invoke", Asked(request.tok, "", "", {}), act)

    def Check(
        self, request: wire.CheckRequest, context: grpc.ServicerContext
    ) -> wire.CheckResponse:
        def act() -> wire.CheckResponse:
            inputs = decode(request.news)
            asked = _asked(request, inputs)
            problems = self._cloud.problems(asked)
            if not problems:
                old = decode(request.olds)
                inputs = self._cloud.complete(asked, inputs, old, request.randomSeed)
            return wire.CheckResponse(inputs=encode(inputs), failures=_failures(problems))

        return _guarded(context, act)

    def Diff(self, request: wire.DiffRequest, context: grpc.ServicerContext) -> wire.DiffResponse:
        old, new = decode(request.old_inputs), decode(request.news)
        type_ = _asked(request, new).type

        def act() -> wire.DiffResponse:
            response = diffs.answer(old, new, self._cloud.fixed(type_))
            response.deleteBeforeReplace = self._cloud.name_is_taken(type_, old, new)
            return response

        return _guarded(context, act)

    def Create(
        self, request: wire.CreateRequest, context: grpc.ServicerContext
    ) -> wire.CreateResponse:
        inputs = decode(request.properties)
        asked = _asked(request, inputs)
        if request.preview:
            outputs = sdk_types.outputs_of(asked.type).keys() - {"urn", "id"}
            state: Values = {**dict.fromkeys(outputs, UNKNOWN), **inputs}
            return wire.CreateResponse(properties=encode(state))

        def act() -> wire.CreateResponse:
            made = self._cloud.create(asked)
            state = {**inputs, **made.outputs}
            self._remember(asked, made.id, state, inputs, made.along)
            return wire.CreateResponse(id=made.id, properties=encode(state))

        return self._recorded(context, "create", asked, act)

    def Update(
        self, request: wire.UpdateRequest, context: grpc.ServicerContext
    ) -> wire.UpdateResponse:
        inputs = decode(request.news)
        # An input that the program no longer gives leaves the state. An optional one that nobody
        # ever gave is an output, and stays.
        gone = set(request.old_inputs) - set(request.news)
        old = {key: value for key, value in decode(request.olds).items() if key not in gone}
        asked = _asked(request, inputs, request.id)
        if request.preview:
            foreseen = self._cloud.foresee(asked, reveal(old))
            return wire.UpdateResponse(properties=encode({**old, **inputs, **foreseen}))

        def act() -> wire.UpdateResponse:
            known = self._known(asked)
            changed = self._cloud.update(asked, known, reveal(decode(request.olds)))
            state = {**old, **inputs, **changed}
            self._remember(asked, request.id, state, inputs, known.along)
            return wire.UpdateResponse(properties=encode(state))

        return self._recorded(context, "update", asked, act)

    def Read(self, request: wire.ReadRequest, context: grpc.ServicerContext) -> wire.ReadResponse:
        asked = _asked(request, {}, request.id)

        def act() -> wire.ReadResponse:
            if not self._cloud.outside:
                return wire.ReadResponse(
                    id=request.id, properties=request.properties, inputs=request.inputs
                )
            found = self._records.get(asked.type, request.id)
            if found is None:
                return wire.ReadResponse()
            state, inputs = drift.seen(decode(request.properties), decode(request.inputs), found)
            return wire.ReadResponse(id=request.id, properties=encode(state), inputs=encode(inputs))

        return self._recorded(context, "read", asked, act)

    def Delete(self, request: wire.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        asked = _asked(request, decode(request.properties), request.id)

        def act() -> empty_pb2.Empty:
            # What is gone already is deleted: so Pulumi's own providers see it.
            if self._records.get(asked.type, request.id):
                self._cloud.delete(asked)
                self._records.drop(asked.type, request.id)
            return empty_pb2.Empty()

        return self._recorded(context, "delete", asked, act)

    def _known(self, asked: Asked) -> Resource:
        if known := self._records.get(asked.type, asked.id):
            return known
        raise Rejected(f"{asked.type}: '{asked.id}' does not exist")

    def _remember(
        self, asked: Asked, identity: str, state: Values, inputs: Values, along: Mapping[str, str]
    ) -> None:
        if not self._cloud.outside:
            return
        resource = Resource(
            type=asked.type,
            name=asked.name,
            urn=asked.urn,
            id=identity,
            outputs=conceal(state),
            inputs=tuple(sorted(inputs)),
            along=dict(along),
        )
        self._records.put(resource)

    def _recorded(
        self, context: grpc.ServicerContext, op: str, asked: Asked, act: Callable[[], Answer]
    ) -> Answer:
        """Act, and write into the ledger how it ended."""

        def record(identity: str, error: str = "") -> None:
            call = Call(op, asked.type, asked.name, asked.urn, now(), identity, error)
            self._records.record(call)

        def attempt() -> Answer:
            try:
                self._suffer(op, asked)
                answer = act()
            except Rejected as error:
                record(asked.id, str(error))
                raise
            record(asked.id or str(getattr(answer, "id", "")))
            return answer

        with self._operations.one():
            return _guarded(context, attempt)

    def _suffer(self, op: str, asked: Asked) -> None:
        for fault in self._records.faults():
            if not fault.hits(op, asked.type, asked.name):
                continue
            if fault.what == "fail":
                raise Rejected(f"injected fault: {op} of {asked.type} '{asked.name}' failed")
            time.sleep(fault.seconds)


def serve(make: Callable[[Records], Cloud]) -> NoReturn:
    """Be a plugin."""
    operations = Operations()
    servicer = Servicer(make(Records(environment.world())), operations)
    register = provider_pb2_grpc.add_ResourceProviderServicer_to_server
    plugin.serve(partial(register, servicer), operations)


def _guarded(context: grpc.ServicerContext, act: Callable[[], Answer]) -> Answer:
    try:
        return act()
    except Rejected as error:
        _abort(context, str(error))


def _abort(context: grpc.ServicerContext, message: str) -> NoReturn:
    context.abort(grpc.StatusCode.UNKNOWN, message)
    raise AssertionError("abort raises")


def _asked(request: _Request, inputs: Values, identity: str = "") -> Asked:
    return Asked(
        # The URN's third part has the parents' types before the resource's own.
        type=request.type or request.urn.split("::")[2].rpartition("$")[2],
        name=request.name or request.urn.rpartition("::")[2],
        urn=request.urn,
        inputs=reveal(inputs),
        id=identity,
    )


def _failures(problems: list[Problem]) -> list[wire.CheckFailure]:
    return [wire.CheckFailure(property=path, reason=why) for path, why in problems]
