"""The environment that the chart makes is what the backend's settings read: no more, no less."""

import typing

import pytest
from annotated_types import Ge, Gt, Le
from pydantic.fields import FieldInfo

from backend import settings
from backend.settings import PREFIX, Settings
from tests.support.chart import CHART, Tree, ci_values, load, merged, render

# A value for each setting that is empty by default.
_EVERYTHING: Tree = {
    "config": {"otlpEndpoint": "http://collector.monitoring:4318"},
    "auth": {"ingestTokenKey": "alertmanager-token", "discoveryTokenKey": "discovery-token"},
}
_PROCESSES = {
    "api": ("Deployment", "backend"),
    "worker": ("Deployment", "backend-worker"),
    "migrate": ("Job", "backend-migrate"),
}


def _environment(process: str, changes: Tree = _EVERYTHING) -> dict[str, str]:
    rendered = render(merged(ci_values(), changes))
    [container] = rendered[_PROCESSES[process]]["spec"]["template"]["spec"]["containers"]
    inherited = [
        rendered["ConfigMap", source["configMapRef"]["name"]]["data"]
        for source in container.get("envFrom", [])
    ]
    own = {variable["name"]: variable["value"] for variable in container["env"]}
    return {name: value for data in (*inherited, own) for name, value in data.items()}


def _fields(names: typing.Iterable[str]) -> set[str]:
    return {name.removeprefix(PREFIX).lower() for name in names}


def test_the_chart_can_set_every_setting_and_sets_no_other() -> None:
    names = {name for process in _PROCESSES for name in _environment(process)}
    assert _fields(names) == set(Settings.model_fields)


@pytest.mark.parametrize("process", sorted(_PROCESSES))
def test_each_process_starts_with_its_environment(
    process: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = _environment(process)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    loaded = settings.load(environment)
    assert loaded.max_body_bytes == 33554432
    assert loaded.trace_sample_ratio == 0.1
    assert loaded.database_host == "database.example.internal"


def test_a_setting_has_one_default() -> None:
    """Two places write it down: the program for a laptop, the chart for a cluster."""
    chosen = {"environment"}  # the name says where it runs
    environment = _environment("api", {})
    given = {"database_host", "database_name", "database_user", "database_password_file"}
    for name, field in Settings.model_fields.items():
        variable = PREFIX + name.upper()
        if variable in environment and name not in chosen | given | {"session_key_file"}:
            assert environment[variable] == str(field.default), variable


_BOUNDED = {
    "config.traceSampleRatio": "trace_sample_ratio",
    "config.maxBodyBytes": "max_body_bytes",
    "config.contestedHours": "contested_hours",
    "config.retention.deliveryDays": "retention_delivery_days",
    "config.retention.episodeDays": "retention_episode_days",
    "config.retention.resolvedDays": "retention_resolved_days",
    "database.port": "database_port",
    "database.poolSize": "database_pool_size",
    "database.connectTimeoutSeconds": "database_connect_timeout_seconds",
    "database.statementTimeoutSeconds": "database_statement_timeout_seconds",
}


def _schema(path: str) -> Tree:
    schema: Tree = load(CHART / "values.schema.json")
    for name in path.split("."):
        schema = schema["properties"][name]
    return schema


def _bounds(field: FieldInfo) -> Tree:
    bounds: Tree = {}
    for constraint in field.metadata:
        match constraint:
            case Ge(ge=value):
                bounds["minimum"] = value
            case Gt(gt=value):
                bounds["exclusiveMinimum"] = value
            case Le(le=value):
                bounds["maximum"] = value
    return bounds


@pytest.mark.parametrize(("path", "name"), _BOUNDED.items(), ids=list(_BOUNDED))
def test_the_schema_refuses_what_the_settings_refuse(path: str, name: str) -> None:
    """A pod that cannot start is found out minutes later than a value that is refused."""
    schema = _schema(path)
    bounds = {
        key: schema[key] for key in ("minimum", "exclusiveMinimum", "maximum") if key in schema
    }
    assert bounds == _bounds(Settings.model_fields[name])


def test_choices_are_the_same() -> None:
    assert set(_schema("database.sslMode")["enum"]) == set(typing.get_args(settings.SslMode))
    assert set(_schema("config.logLevel")["enum"]) == set(typing.get_args(settings.LogLevel))
