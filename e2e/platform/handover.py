"""What `make e2e KEEP=1` leaves running: everything deployed, and how to use it."""

import shlex
from collections.abc import Callable

from e2e.cluster.processes import MARK
from e2e.platform.platform import Platform
from infra.naming import MONITORING_NAMESPACE, PROMETHEUS_SERVICE

# What `pulumi`, `kubectl`, `helm` and `make release` want to find; nothing secret is among them.
_FILE = "environment.sh"


def _look(platform: Platform) -> str:
    """Say how the monitoring stack is reached, where it is deployed."""
    forward = f"kubectl -n {MONITORING_NAMESPACE} port-forward"
    ports = "kps-alertmanager 9093, jaeger 16686"
    line = f"  look:       {forward} svc/{PROMETHEUS_SERVICE} 9090   ({ports})\n"
    return line if platform.stack.monitored else ""


def hand_over(platform: Platform, say: Callable[[str], None]) -> None:
    """Deploy what the last drill took away, write token and environment, print how to go on."""
    if not platform.is_deployed:
        say("deploying what is left running")
        platform.engine.up()
    state = platform.cluster.paths.state
    # Beside the administrator's keys, where the drill `secrets` does not search.
    token = platform.cluster.paths.pki / "token"
    token.touch(mode=0o600)
    token.write_text(platform.token)
    variables = {
        **platform.engine.environment,
        "KUBECONFIG": str(platform.cluster.paths.kubeconfig),
    }
    # `make e2e-down` ends every process that has the mark: it must not end the shell that calls it.
    variables.pop(MARK, None)
    exports = [f"export {name}={shlex.quote(value)}" for name, value in sorted(variables.items())]
    (state / _FILE).write_text("\n".join(exports) + "\n")
    url = platform.url
    say(
        f"""the platform is left running
  URL         {url}
  token       {token}
  kubeconfig  {platform.cluster.paths.kubeconfig}
  read:       curl -H "Authorization: Bearer $(cat {token})" {url}/api/v1/alerts
{_look(platform)}  work:       cd {platform.engine.workspace.program} && . {state / _FILE}
              and then kubectl, helm, pulumi and make release as in the README
  end:        make e2e-down"""
    )
