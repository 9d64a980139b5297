"""What a drill asks of a deployed stack, wherever it is: on this machine or in an AWS account."""

import base64
import json
import math
import re
import secrets
import signal
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from e2e.cluster.kubectl import Kubectl
from e2e.deploy.engine.engine import Engine
from e2e.deploy.engine.stacks import REPOSITORY, Stack
from e2e.load.load import Load, Traffic
from e2e.load.traffic import Alerts
from e2e.platform import settling
from e2e.platform.commands import Commands
from e2e.platform.pods import SELECTOR, Pod, pods
from infra.naming import ADMIN_TOKEN_KEY, NAMESPACE

_LAST_RESOURCE = "backend-release"  # with it, everything is deployed
# The recipe of docs/operations.md, "Asking the database".
_RECIPE = re.compile(r"python -c '(.+?)' \"\$1\"", re.DOTALL)
# From the node: the kernel spares a container's first process what kills it from inside.
_SIGNAL = (
    "for process in /proc/[0-9]*; do"
    " if grep -qs {container} $process/cgroup; then kill -{number} ${{process#/proc/}}; fi;"
    " done; date +%s.%N"
)
_SIGNAL_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Deployed(ABC):
    """A drill that takes one runs anywhere; a drill that takes a `Platform` on this machine."""

    stack: Stack
    engine: Engine
    commands: Commands

    @property
    @abstractmethod
    def kubectl(self) -> Kubectl: ...

    @property
    @abstractmethod
    def url(self) -> str:
        """Of the load balancer."""

    @abstractmethod
    def image(self, tag: str, *, extra: Mapping[str, str] | None = None) -> None:
        """Build the workspace's backend and push it; `extra` files by their path come on top."""

    @abstractmethod
    def lose_database(self) -> str:
        """Delete it outside of Pulumi; give what `database.restoreFrom.instance` takes then."""

    @abstractmethod
    def remains(self) -> list[str]:
        """Name what the stack has made and is still there, but for the data that it keeps."""

    @abstractmethod
    def wait_for_targets(self, patience: float = math.inf) -> None:
        """Return when the load balancer sends to every pod, and to no other; bounded."""

    def settle(self, patience: float = math.inf) -> None:
        """Make everything as it is after `up`, whatever a drill did; raises when it cannot.

        Each step takes `patience` seconds at most, or what it usually needs.
        """
        settling.mend_release(self.commands, patience)
        settling.spread_pods(self.kubectl, patience)
        self.wait_for_targets(patience)

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
        secret = self.kubectl.get("secret", name, f"--namespace={namespace}")
        return base64.b64decode(secret["data"][ADMIN_TOKEN_KEY]).decode()

    def release(self, version: str, *, ok: bool = True) -> str:
        """`make release`, to its end: what it said; another one than `ok` says is an error."""
        return self.commands.release(version, ok=ok)

    def helm(self, *arguments: str) -> str:
        return self.commands.helm(*arguments)

    def alerts(self) -> Alerts:
        return Alerts(token=self.token)

    def load(self, traffic: Traffic, *, rate: float, limit_seconds: float) -> Load:
        """Send it to the load balancer while the context is open, or until the time is over."""
        return Load(self.url, traffic, rate=rate, limit_seconds=limit_seconds)

    def pods(self) -> list[Pod]:
        """The API's."""
        return pods(self.kubectl)

    def warnings(self) -> list[str]:
        """Give the first and the last lines that the API's pods have logged above `info`."""
        lines = self.kubectl("logs", SELECTOR, f"--namespace={NAMESPACE}", "--tail=-1", "--prefix")
        found = [line for line in lines.splitlines() if '"level":"info"' not in line]
        return found[:3] + found[3:][-3:]

    def sql(self, statement: str) -> str:
        """Ask the database from an API pod; a line for each row, with ` | ` between values."""
        [recipe] = _RECIPE.findall((REPOSITORY / "docs" / "operations.md").read_text())
        # The youngest: an older one may be on its way out, and know a database that is gone.
        ready = [pod for pod in self.pods() if pod.ready]
        pod = (ready[-1].name, f"--namespace={NAMESPACE}")
        return self.kubectl("exec", *pod, "--", "python", "-c", recipe, statement).strip()

    def signal_server(self, pod: str, number: signal.Signals) -> float:
        """Signal the server's process in a pod from its node; give the time (epoch) of it."""
        found = self.kubectl.get("pod", pod, f"--namespace={NAMESPACE}")
        [server] = found["status"]["containerStatuses"]
        script = _SIGNAL.format(
            container=server["containerID"].rpartition("/")[2], number=number.value
        )
        container = {
            "name": "signal",
            "image": found["spec"]["containers"][0]["image"],
            "command": ["sh", "-c", script],
            "securityContext": {"runAsUser": 0},
        }
        spec = {"nodeName": found["spec"]["nodeName"], "hostPID": True, "containers": [container]}
        name, there = f"signal-{secrets.token_hex(4)}", "--namespace=default"
        overrides = f"--overrides={json.dumps({'apiVersion': 'v1', 'spec': spec})}"
        image = f"--image={container['image']}"
        self.kubectl("run", name, there, image, "--restart=Never", overrides)
        try:
            ended = "--for=jsonpath={.status.phase}=Succeeded"
            self.kubectl("wait", f"pod/{name}", there, ended, f"--timeout={_SIGNAL_SECONDS}s")
            return float(self.kubectl("logs", name, there))
        finally:
            self.kubectl("delete", "pod", name, there, "--wait=false")
