"""A fake of the AWS load balancer controller: registers pods, opens their readiness gates."""

import time
from contextlib import suppress
from datetime import UTC, datetime

import httpx2

from e2e.load_balancer.bindings import SERVICE_LABEL, Backend, backends, is_true
from e2e.load_balancer.haproxy import HAProxy
from e2e.load_balancer.kubernetes import Api, Object
from e2e.load_balancer.target_group import Recorded, Recording

# The controller asks for targets' health this often while a gate is closed.
_GATE_SECONDS = 15.0
# A change takes two seconds from the API server into the target group: this, and half a tick.
_LAG_SECONDS = 1.75
_BINDINGS = "/apis/elbv2.k8s.aws/v1beta1/targetgroupbindings"
_CORE, _DISCOVERY = "api/v1", "apis/discovery.k8s.io/v1"


class Controller:
    """Brings pods of the API server into HAProxy, as the recorded target group wants it."""

    def __init__(self, api: Api, haproxy: HAProxy, recording: Recording) -> None:
        self._api = api
        self._haproxy = haproxy
        self._recording = recording
        self._recorded = Recorded()
        self._wanted: dict[str, Backend] = {}
        self._changes: list[tuple[float, set[str]]] = []  # when there are to be which targets
        self._gates_at = 0.0

    def tick(self) -> None:
        """Follow the recording, which `pulumi up` makes and may change, the pods, and the time."""
        recorded = self._recording.read()
        if recorded not in (None, self._recorded):
            self._recorded = recorded
            self._haproxy.configure(recorded)
        # The API server may be away, or a pod gone: there is a next time.
        with suppress(httpx2.HTTPError):
            self._look()
        while self._changes and self._changes[0][0] <= time.monotonic():
            self._haproxy.set_targets(self._changes.pop(0)[1])
        self._haproxy.tick()
        if time.monotonic() >= self._gates_at:
            self._gates_at = time.monotonic() + _GATE_SECONDS
            with suppress(httpx2.HTTPError):
                self._open_gates()

    def _look(self) -> None:
        """Take note of what should be a target now, and make it so after the lag."""
        wanted: dict[str, Backend] = {}
        for binding in self._api.items(_BINDINGS):
            if binding["spec"].get("targetGroupARN") == self._recorded.group.arn:
                wanted |= self._of_binding(binding)
        if wanted.keys() != self._wanted.keys():
            self._changes.append((time.monotonic() + _LAG_SECONDS, set(wanted)))
        self._wanted = wanted

    def _of_binding(self, binding: Object) -> dict[str, Backend]:
        namespace, service = binding["metadata"]["namespace"], binding["spec"]["serviceRef"]["name"]
        core, discovery = (f"/{path}/namespaces/{namespace}" for path in (_CORE, _DISCOVERY))
        of_service = f"{SERVICE_LABEL}={service}"
        return backends(
            binding,
            self._api.items(f"{core}/services", fieldSelector=f"metadata.name={service}"),
            self._api.items(f"{discovery}/endpointslices", labelSelector=of_service),
            self._api.items(f"{core}/pods"),
        )

    def _open_gates(self) -> None:
        states = self._haproxy.states()
        for address, backend in self._wanted.items():
            if backend.gate is not None and not is_true(backend.pod, backend.gate):
                self._set_gate(backend, healthy=states.get(address) == "healthy")

    def _set_gate(self, backend: Backend, *, healthy: bool) -> None:
        condition = {
            "type": backend.gate,
            "status": "True" if healthy else "False",
            "reason": "TargetHealthy" if healthy else "TargetNotHealthy",
            "lastTransitionTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        metadata = backend.pod["metadata"]
        pod = f"/{_CORE}/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
        self._api.patch(f"{pod}/status", {"status": {"conditions": [condition]}})
