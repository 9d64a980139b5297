"""The engine's side of a fake provider: gRPC requests in, the provider's answers out."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from typing import Any, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2_grpc
from pulumi.runtime.proto import provider_pb2 as wire

from e2e.deploy.cloud import plugin, sdk_types
from e2e.deploy.cloud.errors import Rejected
from e2e.deploy.cloud.kinds import Asked
from e2e.deploy.cloud.plugin import Operations
from e2e.deploy.cloud.provider import Provider
from e2e.deploy.cloud.records import Call, Resource
from e2e.deploy.cloud.values import (
    UNKNOWN,
    Properties,
    conceal,
    decode,
    encode,
    holds_secret,
    reveal,
)

Context = grpc.ServicerContext
Method = TypeVar("Method", bound=Callable[..., Any])


def _aborting(method: Method) -> Method:
    """Let the engine read what the fake cloud refuses."""

    @wraps(method)
    def guarded(self: object, request: object, context: Context) -> Any:
        try:
            return method(self, request, context)
        except Rejected as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))

    return guarded  # type: ignore[return-value]  # the same signature


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """A plugin's server for one provider. Names and parameters are those of the protocol."""

    # ruff: noqa: N802, ARG002

    def __init__(self, provider: Provider, operations: Operations) -> None:
        self._provider = provider
        self._records = provider.records
        self._operations = operations

    def GetPluginInfo(self, request: empty_pb2.Empty, context: Context) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=sdk_types.version(self._provider.package))

    def Cancel(self, request: empty_pb2.Empty, context: Context) -> empty_pb2.Empty:
        """Nothing: what has begun is finished."""
        return empty_pb2.Empty()

    def CheckConfig(self, request: wire.CheckRequest, context: Context) -> wire.CheckResponse:
        return wire.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: wire.DiffRequest, context: Context) -> wire.DiffResponse:
        return _diff(decode(request.old_inputs), decode(request.news), ("region",))

    @_aborting
    def Configure(self, request: wire.ConfigureRequest, context: Context) -> wire.ConfigureResponse:
        self._provider.configure(reveal(decode(request.args)))
        return wire.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=True
        )

    @_aborting
    def Invoke(self, request: wire.InvokeRequest, context: Context) -> wire.InvokeResponse:
        result = self._provider.call(request.tok, reveal(decode(request.args)))
        response = wire.InvokeResponse()
        # The field's name is a keyword of Python.
        getattr(response, "return").CopyFrom(encode(result))
        return response

    @_aborting
    def Check(self, request: wire.CheckRequest, context: Context) -> wire.CheckResponse:
        inputs = decode(request.news)
        asked = _asked(request, inputs)
        self._provider.complete(asked, inputs, decode(request.olds), request.randomSeed)
        return wire.CheckResponse(inputs=encode(inputs))

    @_aborting
    def Diff(self, request: wire.DiffRequest, context: Context) -> wire.DiffResponse:
        old, new = reveal(decode(request.old_inputs)), reveal(decode(request.news))
        type_ = _asked(request, {}).type
        response = _diff(old, new, self._provider.fixed(type_))
        response.deleteBeforeReplace = self._provider.name_is_taken(type_, old, new)
        return response

    @_aborting
    def Create(self, request: wire.CreateRequest, context: Context) -> wire.CreateResponse:
        inputs = decode(request.properties)
        asked = _asked(request, inputs)
        if request.preview:
            declared = {*self._provider.output_names[asked.type]} - {"urn", "id"}
            unknown = dict.fromkeys(declared, UNKNOWN)
            return wire.CreateResponse(properties=encode(unknown | inputs))
        with self._change("create", asked):
            identity, outputs = self._provider.create(asked)
            state = inputs | outputs
            self._remember(asked, identity, state, inputs)
        return wire.CreateResponse(id=identity, properties=encode(state))

    @_aborting
    def Update(self, request: wire.UpdateRequest, context: Context) -> wire.UpdateResponse:
        inputs, old = decode(request.news), decode(request.olds)
        # An input that the program no longer gives leaves the state. An optional one that nobody
        # ever gave is an output, and stays.
        gone = set(request.old_inputs) - set(request.news)
        kept = {key: value for key, value in old.items() if key not in gone}
        asked = _asked(request, inputs, request.id)
        if request.preview:
            foreseen = self._provider.foresee(asked, reveal(kept))
            return wire.UpdateResponse(properties=encode(kept | inputs | foreseen))
        with self._change("update", asked):
            known = self._records.get(asked.type, asked.id)
            if known is None:
                raise Rejected(f"{asked.type}: '{asked.id}' does not exist")
            state = kept | inputs | self._provider.update(asked, known, reveal(old))
            self._remember(asked, request.id, state, inputs)
        return wire.UpdateResponse(properties=encode(state))

    @_aborting
    def Read(self, request: wire.ReadRequest, context: Context) -> wire.ReadResponse:
        state, inputs = decode(request.properties), decode(request.inputs)
        if self._provider.remembers:
            found = self._records.get(_asked(request, {}).type, request.id)
            if found is None:
                return wire.ReadResponse()
            state, inputs = _refreshed(state, inputs, found)
        return wire.ReadResponse(id=request.id, properties=encode(state), inputs=encode(inputs))

    @_aborting
    def Delete(self, request: wire.DeleteRequest, context: Context) -> empty_pb2.Empty:
        asked = _asked(request, decode(request.properties), request.id)
        with self._change("delete", asked):
            # What is gone already is deleted: so Pulumi's own providers see it.
            if self._records.get(asked.type, request.id):
                self._provider.delete(asked)
        return empty_pb2.Empty()

    def _remember(self, asked: Asked, identity: str, state: Properties, inputs: Properties) -> None:
        if self._provider.remembers:
            given = tuple(sorted(inputs))
            self._records.put(Resource(asked.type, asked.name, identity, conceal(state), given))

    @contextmanager
    def _change(self, op: str, asked: Asked) -> Iterator[None]:
        """Write into the ledger how it ended."""
        error = ""
        with self._operations.one():
            try:
                self._suffer(op, asked)
                yield
            except Rejected as rejected:
                error = str(rejected)
                raise
            finally:
                at = round(time.time(), 3)
                self._records.record(Call(op, asked.type, asked.name, at, error))

    def _suffer(self, op: str, asked: Asked) -> None:
        for fault in self._records.faults():
            if fault.hits(op, asked.type, asked.name):
                if fault.seconds is None:
                    raise Rejected(f"injected fault: {op} of {asked.type} '{asked.name}' failed")
                time.sleep(fault.seconds)


def serve(provider: Provider) -> None:
    """Be a plugin."""
    operations = Operations()
    register = provider_pb2_grpc.add_ResourceProviderServicer_to_server
    plugin.serve(partial(register, Servicer(provider, operations)), operations)


def _asked(request: Any, inputs: Properties, identity: str = "") -> Asked:
    return Asked(
        # The URN's third part has the parents' types before the resource's own.
        type=request.type or request.urn.split("::")[2].rpartition("$")[2],
        name=request.name or request.urn.rpartition("::")[2],
        inputs=reveal(inputs),
        id=identity,
    )


def _diff(before: Properties, after: Properties, fixed: tuple[str, ...]) -> wire.DiffResponse:
    """Compare inputs with inputs: what the cloud computed is no reason to change anything."""
    # A value that a preview does not know yet differs from every other.
    changed = [key for key in sorted({*before, *after}) if before.get(key) != after.get(key)]
    response = wire.DiffResponse(
        changes=wire.DiffResponse.DIFF_SOME if changed else wire.DiffResponse.DIFF_NONE,
        diffs=changed,
        replaces=[key for key in changed if key in fixed],
        hasDetailedDiff=True,
    )
    for key in changed:
        how = "ADD" if key not in before else "DELETE" if key not in after else "UPDATE"
        kind = wire.PropertyDiff.Kind.Value(f"{how}_REPLACE" if key in fixed else how)
        response.detailedDiff[key].CopyFrom(wire.PropertyDiff(kind=kind, inputDiff=True))
    return response


def _refreshed(
    state: Properties, inputs: Properties, found: Resource
) -> tuple[Properties, Properties]:
    """Give state and inputs with what somebody changed outside; without a state it is an import."""
    if not state:
        live = found.outputs
        return live, {key: live[key] for key in found.inputs if key in live}
    drift = {
        key: found.outputs[key]
        for key, value in state.items()
        if key in found.outputs and not holds_secret(value) and value != found.outputs[key]
    }
    return state | drift, inputs | {key: drift[key] for key in drift if key in inputs}
