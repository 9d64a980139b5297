"""The engine's side of the protocol with a program, as far as the program uses it."""

from collections.abc import Iterator

import pulumi
from google.protobuf import empty_pb2
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime import mocks
from pulumi.runtime.proto import resource_pb2

from infra.plan import cloud
from infra.plan.model import Json, PlannedResource
from infra.plan.property_values import plain_properties, resource_reference, with_secrets

STACK_TYPE = "pulumi:pulumi:Stack"
# The SDK reads a referenced resource with this function.
GET_RESOURCE = "pulumi:pulumi:getResource"


class Monitor(mocks.MockMonitor):
    """Receives registrations as they are sent: with dependencies, providers and options.

    The SDK's `Mocks`, which this bypasses, see names and inputs only.
    """

    def __init__(self) -> None:
        super().__init__(cloud.NoMocks())
        self.registrations: dict[str, resource_pb2.RegisterResourceRequest] = {}
        self.outputs: dict[str, Json] = {}
        self._states: dict[str, Struct] = {}
        # Children of remote components, which the component's provider would register.
        self._owners: dict[str, str] = {}

    def RegisterResource(  # noqa: N802  the name of the gRPC method
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == STACK_TYPE:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        if urn in self.registrations:
            raise pulumi.RunError(f"{request.type} {request.name} is declared twice")
        self.registrations[urn] = request
        identity = f"<{request.name}.id>" if request.custom else ""
        outputs = self._outputs_of(urn, request)
        self._remember(urn, identity, outputs)
        answer = with_secrets(outputs, request.additionalSecretOutputs)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=identity, object=answer)

    def RegisterResourceOutputs(  # noqa: N802  the name of the gRPC method
        self, request: resource_pb2.RegisterResourceOutputsRequest
    ) -> empty_pb2.Empty:
        if f"::{STACK_TYPE}::" in request.urn:
            self.outputs = plain_properties(request.outputs)
        return empty_pb2.Empty()

    def Invoke(  # noqa: N802  the name of the gRPC method
        self, request: resource_pb2.ResourceInvokeRequest
    ) -> resource_pb2.ResourceInvokeResponse:
        if request.tok == GET_RESOURCE:
            answer = self._states[str(request.args["urn"])]
        else:
            answer = cloud.answer(request.tok)
        response = resource_pb2.ResourceInvokeResponse()
        # The field's name is a keyword of Python.
        getattr(response, "return").CopyFrom(answer)
        return response

    def planned(self) -> Iterator[PlannedResource]:
        """Yield the registrations as plain values, names in place of URNs."""
        for request in self.registrations.values():
            provider = self._name(_provider_urn(request.provider))
            urns = {*request.dependencies, *map(_provider_urn, request.providers.values())}
            edges = {self._name(urn) for urn in urns} | {provider}
            yield PlannedResource(
                type=request.type,
                name=request.name,
                parent=self._name(request.parent),
                inputs=plain_properties(request.object),
                depends_on=tuple(sorted(name for name in edges if name)),
                provider=provider,
                protect=request.protect,
                retain_on_delete=request.retainOnDelete,
                ignore_changes=tuple(request.ignoreChanges),
                delete_before_replace=request.deleteBeforeReplace,
                import_id=request.importId,
                replace_on_changes=tuple(request.replaceOnChanges),
            )

    def _outputs_of(self, urn: str, request: resource_pb2.RegisterResourceRequest) -> Struct:
        if request.custom:
            return cloud.outputs_of(request.type, request.name, request.object)
        if not request.remote:
            return Struct()
        outputs = cloud.outputs_of(request.type, request.name, Struct())
        if request.type == cloud.EKS_CLUSTER:
            child = self.make_urn(urn, cloud.CONTROL_PLANE, f"{request.name}-eksCluster")
            self._owners[child] = urn
            identity, state = cloud.control_plane_of(request.name, request.object)
            self._remember(child, identity, state)
            outputs["eksCluster"] = resource_reference(child, identity)
        return outputs

    def _remember(self, urn: str, identity: str, state: Struct) -> None:
        answer = Struct()
        answer.update({"urn": urn, "id": identity})
        answer.fields["state"].struct_value.CopyFrom(state)
        self._states[urn] = answer

    def _name(self, urn: str) -> str | None:
        request = self.registrations.get(self._owners.get(urn, urn))
        return request.name if request else None


def _provider_urn(reference: str) -> str:
    """Remove the id from the engine's reference to a provider, <urn>::<id>."""
    return reference.rpartition("::")[0]
