"""From TargetGroupBindings to pod addresses, as the AWS load balancer controller does it. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from e2e.load_balancer.gates import GATE_PREFIX
from e2e.load_balancer.kubernetes import Key, Object
from e2e.load_balancer.targets import Address

SERVICE_LABEL = "kubernetes.io/service-name"


class _Model(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore"
    )


class _Metadata(_Model):
    name: str
    namespace: str = ""
    labels: dict[str, str] = {}
    deletion_timestamp: str | None = None


class _ServiceRef(_Model):
    name: str
    port: int | str


class _BindingSpec(_Model):
    service_ref: _ServiceRef
    target_group_arn: str = Field(default="", alias="targetGroupARN")
    target_group_name: str = ""


class Binding(_Model):
    metadata: _Metadata
    spec: _BindingSpec

    @property
    def gate(self) -> str:
        """The readiness gate that pods behind this binding may carry."""
        return f"{GATE_PREFIX}{self.metadata.name}"


class _ServicePort(_Model):
    name: str = ""
    port: int


class _ServiceSpec(_Model):
    ports: tuple[_ServicePort, ...] = ()


class Service(_Model):
    spec: _ServiceSpec


class _Conditions(_Model):
    ready: bool | None = None
    terminating: bool | None = None


class _TargetRef(_Model):
    kind: str = ""
    name: str = ""


class _Endpoint(_Model):
    addresses: tuple[str, ...]
    conditions: _Conditions = _Conditions()
    target_ref: _TargetRef = _TargetRef()


class _SlicePort(_Model):
    name: str | None = None
    port: int | None = None


class Slice(_Model):
    metadata: _Metadata
    endpoints: tuple[_Endpoint, ...] | None = None
    ports: tuple[_SlicePort, ...] | None = None


class _Condition(_Model):
    type: str
    status: str


class _Gate(_Model):
    condition_type: str


class _PodSpec(_Model):
    readiness_gates: tuple[_Gate, ...] = ()


class _PodStatus(_Model):
    conditions: tuple[_Condition, ...] = ()


class Pod(_Model):
    metadata: _Metadata
    spec: _PodSpec
    status: _PodStatus = _PodStatus()

    def has_gate(self, gate: str) -> bool:
        return any(found.condition_type == gate for found in self.spec.readiness_gates)

    def is_true(self, condition: str) -> bool:
        return any(c.type == condition and c.status == "True" for c in self.status.conditions)


@dataclass(slots=True)
class World:
    """The objects as the API server has them; kept current by somebody else."""

    bindings: dict[Key, Object] = field(default_factory=dict)
    services: dict[Key, Object] = field(default_factory=dict)
    slices: dict[Key, Object] = field(default_factory=dict)
    pods: dict[Key, Object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Backend:
    """A pod that should be a target, and the gate that waits for its health, if it has one."""

    address: Address
    pod: Key
    gate: str | None


def bindings_of(world: World, arn: str) -> list[Binding]:
    """Find the bindings of a target group; of any, when the group has no ARN."""
    found = [Binding.model_validate(item) for item in world.bindings.values()]
    return [binding for binding in found if arn in ("", binding.spec.target_group_arn)]


def backends(world: World, arn: str) -> dict[Address, Backend]:
    """Everything that should be registered in the target group now."""
    found = (each for binding in bindings_of(world, arn) for each in _of_binding(world, binding))
    return {backend.address: backend for backend in found}


def _of_binding(world: World, binding: Binding) -> Iterator[Backend]:
    namespace, name = binding.metadata.namespace, binding.spec.service_ref.name
    raw = world.services.get((namespace, name))
    port_name = _port_name(Service.model_validate(raw), binding) if raw else None
    if port_name is None:
        return
    for item in world.slices.values():
        piece = Slice.model_validate(item)
        of_service = piece.metadata.labels.get(SERVICE_LABEL) == name
        if piece.metadata.namespace != namespace or not of_service:
            continue
        # Without a port of that name the slice's pods serve something else.
        ports = [port.port for port in piece.ports or () if (port.name or "") == port_name]
        for endpoint in piece.endpoints or ():
            for port in ports:
                if port is not None:
                    yield from _of_endpoint(world.pods, binding, endpoint, port)


def _port_name(service: Service, binding: Binding) -> str | None:
    wanted = binding.spec.service_ref.port
    for port in service.spec.ports:
        if wanted in (port.port, port.name):
            return port.name
    return None


def _of_endpoint(
    pods: Mapping[Key, Object], binding: Binding, endpoint: _Endpoint, port: int
) -> Iterator[Backend]:
    key = (binding.metadata.namespace, endpoint.target_ref.name)
    raw = pods.get(key)
    pod = Pod.model_validate(raw) if raw else None
    gated = pod is not None and pod.has_gate(binding.gate)
    if endpoint.conditions.terminating:
        return
    # A gated pod is not ready before it is a healthy target: its containers being ready is enough.
    waiting = pod is not None and gated and pod.is_true("ContainersReady")
    if endpoint.conditions.ready or waiting:
        for host in endpoint.addresses:
            yield Backend(Address(host, port), key, binding.gate if gated else None)
