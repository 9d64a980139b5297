"""Prometheus, where it is installed: scrapes the backend and the worker, evaluates rules."""

import shutil
from collections.abc import Mapping

import yaml

from local.intervals import Intervals
from local.ports import HOST
from local.programs import CHECKOUT, Program
from local.readiness import answers_ok
from local.state import State

_HEADER = "# Written at every start of the local platform: changes here are lost.\n"
# The platform's own, and those of the backend's chart: the same files as in a cluster.
_RULES = (
    CHECKOUT / "local" / "rules" / "platform.yml",
    CHECKOUT / "charts" / "backend" / "files" / "rules" / "*.yaml",
)


def find_prometheus() -> str | None:
    return shutil.which("prometheus")


def render_prometheus(
    state: State,
    *,
    backend_port: int,
    worker_port: int,
    alertmanager_port: int,
    intervals: Intervals,
) -> str:
    """Return prometheus.yml. Understood by Prometheus 2.30 and later."""
    config = {
        "global": {
            "scrape_interval": intervals.scrape_interval,
            "evaluation_interval": intervals.evaluation_interval,
            "scrape_timeout": intervals.scrape_interval,
        },
        "alerting": {"alertmanagers": [{"static_configs": [_target(alertmanager_port)]}]},
        # The last pattern is for the user's own rules.
        "rule_files": [*map(str, _RULES), f"{state.prometheus}/rules/*.yml"],
        "scrape_configs": [
            {
                "job_name": "backend",
                "static_configs": [
                    _target(backend_port, _as_in_a_cluster("api")),
                    _target(worker_port, _as_in_a_cluster("worker")),
                ],
            },
            _catalog(state, backend_port),
            {
                "job_name": "services",
                "file_sd_configs": [
                    {"files": [f"{state.prometheus}/targets/*.yml"], "refresh_interval": "5s"}
                ],
            },
        ],
    }
    return _HEADER + yaml.safe_dump(config, sort_keys=False)


def prometheus(
    binary: str,
    state: State,
    *,
    port: int,
    backend_port: int,
    worker_port: int,
    alertmanager_port: int,
    intervals: Intervals,
    environment: Mapping[str, str],
) -> Program:
    """Write the configuration and return the program."""
    for directory in ("rules", "targets"):
        (state.prometheus / directory).mkdir(parents=True, exist_ok=True)
    config = state.prometheus / "prometheus.yml"
    config.write_text(
        render_prometheus(
            state,
            backend_port=backend_port,
            worker_port=worker_port,
            alertmanager_port=alertmanager_port,
            intervals=intervals,
        )
    )
    return Program(
        name="prometheus",
        command=(
            binary,
            f"--config.file={config}",
            f"--storage.tsdb.path={state.prometheus / 'data'}",
            "--storage.tsdb.retention.time=7d",
            f"--web.listen-address={HOST}:{port}",
            f"--rules.alert.resend-delay={intervals.resend_delay}",
            "--web.enable-lifecycle",  # POST /-/reload takes new rules
        ),
        environment=environment,
        is_ready=lambda _: answers_ok(port, "/-/ready"),
    )


def _catalog(state: State, backend_port: int) -> dict[str, object]:
    """Scrape what the backend's catalog names, under the same job as in a cluster."""
    discovery = {
        "url": f"http://{HOST}:{backend_port}/api/v1/sd/prometheus",
        "authorization": {"type": "Bearer", "credentials_file": str(state.discovery_token)},
        "refresh_interval": "5s",
        "follow_redirects": False,
    }
    return {
        "job_name": "catalog",
        "http_sd_configs": [discovery],
        # A machine of one user: the limits only bound mistakes.
        "target_limit": 200,
        "sample_limit": 5000,
    }


def _as_in_a_cluster(component: str) -> dict[str, str]:
    """Return the labels that the chart's rules look for, and those that they tell pods apart by."""
    return {
        "service": "backend",
        "namespace": "local",
        "pod": component,
        "app_kubernetes_io_component": component,
    }


def _target(port: int, labels: Mapping[str, str] | None = None) -> dict[str, object]:
    target: dict[str, object] = {"targets": [f"{HOST}:{port}"]}
    return target | ({"labels": dict(labels)} if labels else {})
