"""What is generated for the servers, read as they read it."""

import subprocess
from pathlib import Path

import yaml

from infra.monitoring import catalog_scrape
from local.alertmanager import render_alertmanager
from local.environment import STATE_MARKER, backend_environment, base_environment
from local.intervals import Intervals
from local.postgres import describe
from local.prometheus import render_prometheus
from local.state import State
from tests.support.tools import require_tool

_STATE = State(Path("/srv/state with space"))


def alertmanager_config() -> str:
    return render_alertmanager(_STATE, backend_port=8000, intervals=Intervals())


def prometheus_config() -> str:
    return render_prometheus(
        _STATE, backend_port=8000, worker_port=8001, alertmanager_port=9093, intervals=Intervals()
    )


def test_heartbeats_are_repeated_more_often() -> None:
    [heartbeat] = yaml.safe_load(alertmanager_config())["route"]["routes"]
    assert heartbeat["matchers"] == ['alertname =~ "Watchdog|BackendHeartbeat"']
    assert heartbeat["repeat_interval"] == "5m"


def test_alertmanager_accepts_its_configuration(tmp_path: Path) -> None:
    amtool = require_tool("amtool", package="prometheus-alertmanager")
    path = tmp_path / "alertmanager.yml"
    path.write_text(alertmanager_config())
    subprocess.run([amtool, "check-config", path], check=True)  # noqa: S603 - a found tool


def test_prometheus_asks_the_catalog_with_a_token_that_may_do_nothing_else() -> None:
    jobs = {job["job_name"]: job for job in yaml.safe_load(prometheus_config())["scrape_configs"]}
    (discovery,) = jobs[catalog_scrape.JOB]["http_sd_configs"]
    assert discovery["url"] == f"http://127.0.0.1:8000{catalog_scrape.DISCOVERY_PATH}"
    token = "/srv/state with space/discovery-token"
    assert discovery["authorization"] == {"type": "Bearer", "credentials_file": token}
    assert environment()["BACKEND_DISCOVERY_TOKEN_FILE"] == token


def test_prometheus_accepts_its_configuration_and_rules(tmp_path: Path) -> None:
    promtool = require_tool("promtool", package="prometheus")
    path = tmp_path / "prometheus.yml"
    path.write_text(prometheus_config())
    subprocess.run([promtool, "check", "config", path], check=True)  # noqa: S603 - a found tool


def environment(**caller: str) -> dict[str, str]:
    return backend_environment(
        _STATE, socket_directory=Path("/run/socket"), worker_port=8001, caller=caller
    )


def test_settings_of_the_backend_pass_through() -> None:
    assert (
        environment(BACKEND_RECONCILE_INTERVAL_SECONDS="5")["BACKEND_RECONCILE_INTERVAL_SECONDS"]
        == "5"
    )
    assert environment(BACKEND_ENVIRONMENT="demo")["BACKEND_ENVIRONMENT"] == "demo"
    assert environment()["BACKEND_ENVIRONMENT"] == "local"


def test_where_the_database_is_does_not() -> None:
    found = environment(
        BACKEND_DATABASE_HOST="production",
        BACKEND_DATABASE_PASSWORD_FILE="/run/secrets/password",
        PGPASSWORD="secret",
    )
    assert found["BACKEND_DATABASE_HOST"] == "/run/socket"
    assert "BACKEND_DATABASE_PASSWORD_FILE" not in found
    assert "PGPASSWORD" not in found


def test_every_process_names_its_state_directory() -> None:
    assert environment()[STATE_MARKER] == "/srv/state with space"


def test_where_bytecode_is_not_wanted_it_is_kept_with_the_state() -> None:
    found = base_environment(_STATE, {"PYTHONDONTWRITEBYTECODE": "1"})
    assert "PYTHONDONTWRITEBYTECODE" not in found
    assert found["PYTHONPYCACHEPREFIX"] == "/srv/state with space/bytecode"
    assert "PYTHONPYCACHEPREFIX" not in base_environment(_STATE, {})


def test_a_server_that_was_killed_is_not_ready_by_its_last_word(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.postgres.mkdir()
    words = ("4711", state.postgres, "1700000000", "5432", tmp_path, "", "1 2", "ready   ")
    (state.postgres / "postmaster.pid").write_text("\n".join(map(str, words)))
    is_ready = describe(state, {}).server().is_ready
    assert is_ready is not None
    assert not is_ready(4712)
    assert is_ready(4711)
