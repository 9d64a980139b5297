"""Serves the engine's ResourceProvider: plain objects and Helm releases on the real API server.

Reproduces what the real provider does with them (facts in e2e/tests/machine/test_kubernetes_provider.py,
which runs on both). Differs: it previews nothing, so that outputs are unknown until `up`; it waits
for no workload outside a release; it makes up no names.
"""  # noqa: E501

from collections.abc import Callable
from importlib import metadata
from typing import NoReturn, TypeVar

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from e2e.deploy.cloud.fake_kubernetes import objects, releases
from e2e.deploy.cloud.fake_kubernetes.commands import Commands, Rejected
from e2e.deploy.cloud.fake_kubernetes.differences import RELEASE, Difference, three_way, two_way
from e2e.deploy.cloud.fake_kubernetes.wire import Properties, plain, struct
from e2e.deploy.cloud.plugin import Operations, serve

T = TypeVar("T")

_UPDATE = provider_pb2.PropertyDiff.UPDATE
_REPLACE = provider_pb2.PropertyDiff.UPDATE_REPLACE


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """Takes no secrets as such: the engine then marks what comes back as it was marked before."""

    # ruff: noqa: N802  - methods are named by the protocol

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self._commands: Commands | None = None
        self._secret_mutable = False

    def GetPluginInfo(
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> plugin_pb2.PluginInfo:
        del request, context
        return plugin_pb2.PluginInfo(version=metadata.version("pulumi-kubernetes"))

    def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        del context
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        del context
        paths = list(two_way(plain(request.old_inputs), plain(request.news)))
        return provider_pb2.DiffResponse(changes=_some(paths), diffs=paths)

    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        settings = plain(request.args)
        if "kubeconfig" not in settings:
            _abort(context, "no kubeconfig: the stand-in talks to no current context")
        self._commands = Commands(settings["kubeconfig"])
        self._secret_mutable = settings.get("enableSecretMutable") in (True, "true")
        return provider_pb2.ConfigureResponse()

    def Check(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        del context
        inputs = plain(request.news)
        if _kind(request.urn) == RELEASE:
            problems = releases.checked(self._commands, inputs)
        else:
            problems = objects.checked(inputs)
        failures = [provider_pb2.CheckFailure(property=p, reason=reason) for p, reason in problems]
        return provider_pb2.CheckResponse(inputs=struct(inputs), failures=failures)

    def Diff(
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        del context
        kind, old, new = _kind(request.urn), plain(request.old_inputs), plain(request.news)
        release = kind == RELEASE
        paths = three_way(old, new, plain(request.olds)) if release else two_way(old, new)
        found = Difference.of(kind, paths, secret_mutable=self._secret_mutable)
        return provider_pb2.DiffResponse(
            changes=_some(found.paths),
            diffs=[path.partition(".")[0] for path in found.paths],
            replaces=[path.partition(".")[0] for path in found.replaces],
            # Two objects cannot have one name.
            deleteBeforeReplace=not release and _place(old) == _place(new),
            hasDetailedDiff=True,
            detailedDiff={
                path: provider_pb2.PropertyDiff(
                    kind=_REPLACE if path in found.replaces else _UPDATE, inputDiff=True
                )
                for path in found.paths
            },
        )

    def Create(
        self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CreateResponse:
        def act(commands: Commands) -> provider_pb2.CreateResponse:
            inputs = plain(request.properties)
            if _kind(request.urn) == RELEASE:
                state = releases.create(commands, inputs)
                identity = f"{state['namespace']}/{state['name']}"
            else:
                state = objects.create(commands, inputs)
                identity = objects.identity(state)
            return provider_pb2.CreateResponse(
                id=identity, properties=struct(_kept(inputs) | state)
            )

        return self._run(act, context)

    def Read(
        self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ReadResponse:
        def act(commands: Commands) -> provider_pb2.ReadResponse:
            kind, inputs, state = (
                _kind(request.urn),
                plain(request.inputs),
                plain(request.properties),
            )
            if kind == RELEASE:
                live = releases.read(commands, state, request.id)
                inputs = inputs or {k: v for k, v in (live or {}).items() if k != "status"}
            else:
                live = objects.read(commands, state or _typed(kind), request.id)
                inputs = objects.inputs_of(live, inputs) if live else {}
                live = _kept(inputs) | live if live else None
            if live is None:
                return provider_pb2.ReadResponse()
            return provider_pb2.ReadResponse(
                id=request.id, properties=struct(live), inputs=struct(inputs)
            )

        return self._run(act, context)

    def Update(
        self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.UpdateResponse:
        def act(commands: Commands) -> provider_pb2.UpdateResponse:
            inputs = plain(request.news)
            if _kind(request.urn) == RELEASE:
                state = releases.upgrade(commands, inputs)
            else:
                state = objects.apply(commands, inputs)
            return provider_pb2.UpdateResponse(properties=struct(_kept(inputs) | state))

        return self._run(act, context)

    def Delete(
        self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        def act(commands: Commands) -> empty_pb2.Empty:
            state = plain(request.properties)
            if _kind(request.urn) == RELEASE:
                releases.delete(commands, state)
            else:
                objects.delete(commands, state, request.id)
            return empty_pb2.Empty()

        return self._run(act, context)

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        del request, context
        return empty_pb2.Empty()

    def _run(self, act: Callable[[Commands], T], context: grpc.ServicerContext) -> T:
        if self._commands is None:
            _abort(context, "not configured")
        with self._operations.one():
            try:
                return act(self._commands)
            except Rejected as error:
                _abort(context, str(error))


def _kind(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2]


def _typed(kind: str) -> Properties:
    """Give apiVersion and kind of `kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding`."""
    _, version, noun = kind.split(":")
    return {"apiVersion": version.removeprefix("core/"), "kind": noun}


def _place(inputs: Properties) -> tuple[str | None, str | None]:
    metadata = inputs.get("metadata") or {}
    return metadata.get("namespace"), metadata.get("name")


def _kept(inputs: Properties) -> Properties:
    """Give what is written but never read back."""
    return {key: inputs[key] for key in ("stringData",) if key in inputs}


def _some(paths: object) -> provider_pb2.DiffResponse.DiffChanges.ValueType:
    response = provider_pb2.DiffResponse
    return response.DIFF_SOME if paths else response.DIFF_NONE


def _abort(context: grpc.ServicerContext, message: str) -> NoReturn:
    context.abort(grpc.StatusCode.UNKNOWN, message)
    raise AssertionError("abort raises")


def main() -> None:
    operations = Operations()
    serve(
        lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(
            Provider(operations), server
        ),
        operations,
    )
