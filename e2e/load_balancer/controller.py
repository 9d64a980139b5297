"""A fake of the AWS load balancer controller: registers pods, opens their readiness gates."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime

import httpx2

from e2e.load_balancer import bindings
from e2e.load_balancer.bindings import Backend, World
from e2e.load_balancer.haproxy import HAProxy
from e2e.load_balancer.kubernetes import Api
from e2e.load_balancer.target_group import Recorded, Recording

# The controller asks for targets' health this often while a gate is closed.
_GATE_SECONDS = 15.0
# How long a change takes from the API server into the target group.
_LAG_SECONDS = 2.0
_TICK_SECONDS = 0.5
_PATHS = {
    "bindings": "/apis/elbv2.k8s.aws/v1beta1/targetgroupbindings",
    "services": "/api/v1/services",
    "slices": "/apis/discovery.k8s.io/v1/endpointslices",
    "pods": "/api/v1/pods",
}


class Controller:
    """Brings pods of the API server into HAProxy, as the recorded target group wants it."""

    def __init__(self, api: Api, haproxy: HAProxy, recording: Recording) -> None:
        self._api = api
        self._haproxy = haproxy
        self._recording = recording
        self._recorded = Recorded()
        self._wanted: dict[str, Backend] = {}
        self.world = World()

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for kind, path in _PATHS.items():
                store = getattr(self.world, kind)
                tasks.create_task(self._api.keep_current(path, store, self._look_again))
            tasks.create_task(self._open_gates())
            tasks.create_task(self._keep_haproxy_current())

    def _look_again(self) -> None:
        """Take note of what should be a target now, and make it so after the lag."""
        wanted = bindings.backends(self.world, self._recorded.group.arn)
        if wanted.keys() != self._wanted.keys():
            later = asyncio.get_running_loop().call_later
            later(_LAG_SECONDS, self._haproxy.set_targets, set(wanted))
        self._wanted = wanted

    async def _keep_haproxy_current(self) -> None:
        """Follow the recording, which `pulumi up` makes and may change, and the time."""
        while True:
            recorded = self._recording.read()
            if recorded not in (None, self._recorded):
                self._recorded = recorded
                self._haproxy.configure(recorded)
                self._look_again()
            self._haproxy.tick()
            await asyncio.sleep(_TICK_SECONDS)

    async def _open_gates(self) -> None:
        while True:
            await asyncio.sleep(_GATE_SECONDS)
            states = self._haproxy.states()
            for address, backend in list(self._wanted.items()):
                pod = self.world.pods.get(backend.pod, {})
                if backend.gate is not None and not bindings.is_true(pod, backend.gate):
                    healthy = states.get(address) == "healthy"
                    await self._set_gate(backend.pod, backend.gate, healthy=healthy)

    async def _set_gate(self, pod: tuple[str, str], gate: str, *, healthy: bool) -> None:
        namespace, name = pod
        condition = {
            "type": gate,
            "status": "True" if healthy else "False",
            "reason": "TargetHealthy" if healthy else "TargetNotHealthy",
            "lastTransitionTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        path = f"/api/v1/namespaces/{namespace}/pods/{name}/status"
        body = {"status": {"conditions": [condition]}}
        # The pod may be gone, or the API server: there is a next time.
        with suppress(httpx2.HTTPError):
            await self._api.patch(path, body, kind="strategic-merge-patch+json")
