"""A stand-in for the AWS load balancer controller: registers pods, opens their readiness gates."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

import httpx2

from e2e.load_balancer import bindings
from e2e.load_balancer.balancer import Balancer
from e2e.load_balancer.bindings import Backend, World
from e2e.load_balancer.kubernetes import Api
from e2e.load_balancer.targets import Address, State

# The controller asks for targets' health this often while a gate is closed.
GATE_SECONDS = 15.0
_PATHS = {
    "bindings": "/apis/elbv2.k8s.aws/v1beta1/targetgroupbindings",
    "services": "/api/v1/services",
    "slices": "/apis/discovery.k8s.io/v1/endpointslices",
    "pods": "/api/v1/pods",
}


class Controller:
    """`lag` is how long a change takes from the API server into the balancer, in seconds."""

    def __init__(
        self, api: Api, balancer: Balancer, *, lag: float, gate_seconds: float = GATE_SECONDS
    ) -> None:
        self._api = api
        self._balancer = balancer
        self._lag = lag
        self._gate_seconds = gate_seconds
        self._wanted: dict[Address, Backend] = {}
        self.world = World()

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for kind, path in _PATHS.items():
                store = getattr(self.world, kind)
                tasks.create_task(self._api.keep_current(path, store, self.look_again))
            tasks.create_task(self._open_gates())

    def look_again(self) -> None:
        """Take note of what should be a target now, and make it so after the lag."""
        wanted = bindings.backends(self.world, self._balancer.group.arn)
        if wanted.keys() != self._wanted.keys():
            asyncio.get_running_loop().call_later(self._lag, self._apply, set(wanted))
        self._wanted = wanted

    def _apply(self, wanted: set[Address]) -> None:
        registered = self._balancer.targets.registered()
        for address in wanted - registered:
            self._balancer.register(address)
        for address in registered - wanted:
            self._balancer.deregister(address)

    async def _open_gates(self) -> None:
        while True:
            await asyncio.sleep(self._gate_seconds)
            healthy = {t.address for t in self._balancer.targets if t.state is State.HEALTHY}
            for address, backend in list(self._wanted.items()):
                if backend.gate is not None and not self._is_open(backend):
                    await self._set_gate(backend, backend.gate, healthy=address in healthy)

    def _is_open(self, backend: Backend) -> bool:
        raw = self.world.pods.get(backend.pod)
        gate = backend.gate or ""
        return raw is not None and bindings.Pod.model_validate(raw).is_true(gate)

    async def _set_gate(self, backend: Backend, gate: str, *, healthy: bool) -> None:
        namespace, name = backend.pod
        condition = {
            "type": gate,
            "status": "True" if healthy else "False",
            "reason": "TargetHealthy" if healthy else "TargetNotHealthy",
            "lastTransitionTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        path = f"/api/v1/namespaces/{namespace}/pods/{name}/status"
        body = {"status": {"conditions": [condition]}}
        with suppress(
            httpx2.HTTPError
        ):  # the pod may be gone, or the API server: there is a next time
            await self._api.patch(path, body, kind="strategic-merge-patch")
