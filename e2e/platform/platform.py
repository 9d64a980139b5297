"""Everything together, as drills use it: `assembly.py` puts it together, `engine.up()` deploys."""

import base64
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from e2e.cluster.cluster import Cluster
from e2e.deploy.cloud.world import World
from e2e.deploy.engine.engine import Engine
from e2e.deploy.engine.stacks import Stack
from e2e.load.load import Load, Plan, Traffic
from e2e.load.traffic import Alerts
from e2e.load_balancer.running import LoadBalancer
from e2e.platform import settling
from e2e.platform.commands import Commands, Completed
from e2e.platform.pods import Pod, pods
from e2e.platform.registry import Registry
from infra.naming import ADMIN_TOKEN_KEY

_LAST_RESOURCE = "backend-release"  # with it, everything is deployed


@dataclass(frozen=True, slots=True)
class Platform:
    """Get one from `assembly.up`, or from `assembly.attach` when another process brought it up."""

    stack: Stack
    cluster: Cluster
    world: World
    engine: Engine
    load_balancer: LoadBalancer
    registry: Registry
    commands: Commands

    @property
    def is_deployed(self) -> bool:
        """Whether the state holds the whole program, and no operation is open."""
        checkpoint = self.engine.checkpoint()
        names = {resource.name for resource in checkpoint.resources}
        return _LAST_RESOURCE in names and not checkpoint.pending

    @property
    def token(self) -> str:
        """The first admin token, read as the README says."""
        outputs = self.engine.outputs()
        namespace, name = str(outputs["namespace"]), str(outputs["authSecret"])
        secret = self.cluster.kubectl.get("secret", name, f"--namespace={namespace}")
        return base64.b64decode(secret["data"][ADMIN_TOKEN_KEY]).decode()

    def image(self, tag: str, *, extra: Mapping[str, str] | None = None) -> None:
        """Build the workspace's backend and push it; `extra` files by their path come on top."""
        self.registry.push(tag, extra=extra)

    def release(self, version: str, *, ok: bool = True) -> Completed:
        """`make release`, to its end; another one than `ok` says is an error."""
        return self.commands.release(version, ok=ok)

    def start_release(self, version: str) -> subprocess.Popen[bytes]:
        return self.commands.start_release(version)

    def helm(self, *arguments: str) -> str:
        return self.commands.helm(*arguments)

    def alerts(self) -> Alerts:
        return Alerts(token=self.token)

    def load(self, traffic: Traffic, *, rate: float, limit_seconds: float) -> Load:
        """Send it to the load balancer while the context is open, or until the time is over."""
        return Load(Plan(self.load_balancer.url, rate=rate, limit_seconds=limit_seconds), traffic)

    def pods(self) -> list[Pod]:
        """The API's."""
        return pods(self.cluster.kubectl)

    def settle(self) -> None:
        """Make everything as it is after `up`, whatever a drill did; raises when it cannot."""
        settling.mend_machines(self.cluster, self.world)
        self.registry.push_missing()
        settling.mend_release(self.commands)
        settling.spread_pods(self.cluster)
        self.wait_for_targets()

    def wait_for_targets(self) -> None:
        """Return when the load balancer sends to every pod, and to no other; bounded."""
        settling.wait_for_targets(self.cluster, self.load_balancer)
