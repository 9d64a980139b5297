"""Alertmanager, where it is installed: delivers every alert to the backend's webhook."""

import shutil
from collections.abc import Mapping

import yaml

from local.intervals import Intervals
from local.ports import HOST
from local.programs import Program
from local.readiness import answers_ok
from local.state import State

# Debian's package renames the binary: "alertmanager" is taken by another program there.
BINARIES = ("prometheus-alertmanager", "alertmanager")
# These always fire. The backend's rules expect them every five minutes.
_HEARTBEATS = "Watchdog|BackendHeartbeat"
_HEARTBEAT_INTERVAL = "5m"
_HEADER = "# Written at every start of the local platform: changes here are lost.\n"


def find_alertmanager() -> str | None:
    return next((path for name in BINARIES if (path := shutil.which(name))), None)


def render_alertmanager(state: State, *, backend_port: int, intervals: Intervals) -> str:
    """Return alertmanager.yml. Understood by Alertmanager 0.22 and later."""
    webhook = {
        "url": f"http://{HOST}:{backend_port}/api/v1/webhooks/alertmanager",
        "send_resolved": True,
        # The token is read from a file, so it is not in this file or in the process list.
        "http_config": {
            "authorization": {"type": "Bearer", "credentials_file": str(state.admin_token)}
        },
    }
    config = {
        "route": {
            "receiver": "backend",
            "group_by": ["alertname", "service"],
            "group_wait": intervals.group_wait,
            "group_interval": intervals.group_interval,
            "repeat_interval": intervals.repeat_interval,
            "routes": [
                {
                    "receiver": "backend",
                    "matchers": [f'alertname =~ "{_HEARTBEATS}"'],
                    "repeat_interval": _HEARTBEAT_INTERVAL,
                }
            ],
        },
        "receivers": [{"name": "backend", "webhook_configs": [webhook]}],
    }
    return _HEADER + yaml.safe_dump(config, sort_keys=False)


def alertmanager(
    binary: str,
    state: State,
    *,
    port: int,
    backend_port: int,
    intervals: Intervals,
    environment: Mapping[str, str],
) -> Program:
    """Write the configuration and return the program."""
    state.alertmanager.mkdir(exist_ok=True)
    config = state.alertmanager / "alertmanager.yml"
    config.write_text(render_alertmanager(state, backend_port=backend_port, intervals=intervals))
    return Program(
        name="alertmanager",
        command=(
            binary,
            f"--config.file={config}",
            f"--storage.path={state.alertmanager / 'data'}",
            f"--web.listen-address={HOST}:{port}",
            "--cluster.listen-address=",  # one instance gossips with nobody
        ),
        environment=environment,
        is_ready=lambda _: answers_ok(port, "/-/ready"),
    )
