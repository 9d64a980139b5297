"""Everything together, as drills use it: assembled here, deployed by `engine.up()`."""

import base64
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self, cast

from e2e.cluster.paths import DEFAULT_STATE, Paths
from e2e.deploy.engine.stacks import Stack
from e2e.load.load import Load, Plan, Traffic
from e2e.load.traffic import Alerts
from e2e.platform import assembly, settling
from e2e.platform.choices import Choices
from e2e.platform.commands import Completed
from e2e.platform.pods import Pod, pods
from infra.naming import ADMIN_TOKEN_KEY

Say = Callable[[str], None]


class Platform:
    """Get one from `up`, or from `attach` when another process brought it up."""

    def __init__(self, parts: assembly.Parts) -> None:
        self.stack = parts.stack
        self.cluster = parts.cluster
        self.world = parts.world
        self.engine = parts.engine
        self.entrance = parts.entrance
        self._registry = parts.registry
        self._commands = parts.commands

    @classmethod
    def up(
        cls,
        *,
        state: Path = DEFAULT_STATE,
        stack: Stack = Stack.PLATFORM,
        say: Say = print,
    ) -> Self:
        """Bring up all that `pulumi up` needs, from any earlier leftovers; deploy nothing."""
        return cls(assembly.up(Paths(state), Choices(stack), say))

    @classmethod
    def attach(cls, *, state: Path = DEFAULT_STATE) -> Self:
        """Find the platform that another process brought up and kept."""
        return cls(assembly.attach(Paths(state)))

    def down(self) -> list[str]:
        """End and remove everything; gives back what is left, which should be nothing."""
        self._registry.stop()
        return assembly.down(self.cluster.paths)

    @property
    def token(self) -> str:
        """The first admin token, read as the README says."""
        outputs = self.engine.outputs()
        namespace, name = str(outputs["namespace"]), str(outputs["authSecret"])
        secret = self.cluster.kubectl.get("secret", name, f"--namespace={namespace}")
        data = cast("Mapping[str, str]", secret["data"])
        return base64.b64decode(data[ADMIN_TOKEN_KEY]).decode()

    def image(self, tag: str, *, extra: Mapping[str, str] | None = None) -> None:
        """Build the workspace's backend and push it; `extra` files by their path come on top."""
        self._registry.push(tag, extra=extra)

    def release(self, version: str, *, ok: bool = True) -> Completed:
        """`make release`, to its end; another one than `ok` says is an error."""
        return self._commands.release(version, ok=ok)

    def start_release(self, version: str) -> subprocess.Popen[bytes]:
        return self._commands.start_release(version)

    def helm(self, *arguments: str) -> str:
        return self._commands.helm(*arguments)

    def alerts(self) -> Alerts:
        return Alerts(token=self.token)

    def load(self, traffic: Traffic, *, rate: float, limit_seconds: float) -> Load:
        """Send it through the entrance while the context is open, or until the time is over."""
        return Load(Plan(self.entrance.url, rate=rate, limit_seconds=limit_seconds), traffic)

    def pods(self) -> list[Pod]:
        """The API's."""
        return pods(self.cluster.kubectl)

    def settle(self) -> None:
        """Make everything as it is after `up`, whatever a drill did; raises when it cannot."""
        settling.mend_machines(self.cluster, self.world)
        self._registry.push_missing()
        settling.mend_release(self._commands)
        settling.spread_pods(self.cluster)
        settling.wait_for_targets(self.cluster, self.entrance)
