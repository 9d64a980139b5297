"""What the stack `observability` needs before `pulumi up`: charts, and images by their names."""

import json
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from e2e.deploy.engine.stacks import Stack
from e2e.deploy.engine.workspace import STACK, Workspace
from e2e.monitoring import images, provide
from e2e.monitoring.images import canonical, repository, tagged
from e2e.monitoring.programs import PROGRAMS
from e2e.monitoring.references import references
from e2e.platform import assembly
from e2e.platform.errors import PlatformError
from e2e.platform.third_party import releases_of
from e2e.programs.catalogue import MODULES
from infra.naming import PROMETHEUS_RELEASE
from infra.plan.__main__ import as_json, plan_stack
from infra.third_party import charts

DIGEST = f"sha256:{'7' * 64}"


def test_the_stack_installs_what_is_real_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = Workspace.create(tmp_path / "engine", Stack.OBSERVABILITY.on_this_machine).program
    provide.switch_off(program)
    # The program of the checkout, with the settings and the values of the copy.
    monkeypatch.setattr(charts, "VALUES", program / "infra" / "third_party" / "chart_values")
    planned, settings = plan_stack(program, STACK)
    plan = json.loads(as_json(planned, settings.findings))
    releases = {release.name: release for release in releases_of(plan)}
    assert {release.archive for release in releases.values()} == {
        chart.archive for chart in provide.CHARTS
    }
    values = releases[PROMETHEUS_RELEASE].values
    assert not values["grafana"]["enabled"]
    assert not values["prometheusOperator"]["admissionWebhooks"]["enabled"]
    assert values["prometheus"]["prometheusSpec"]["retention"] == "5d"  # the others stay


def test_a_chart_that_is_not_at_hand_is_named_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHARTS", str(tmp_path))
    with pytest.raises(PlatformError, match=r"jaeger-.* is not in .*: run `make charts`"):
        assembly.up(Stack.OBSERVABILITY)


def test_an_image_that_nothing_makes_is_an_error() -> None:
    nothing = cast("Any", None)
    with pytest.raises(PlatformError, match=r"nothing makes docker.io/grafana/loki: add a program"):
        images.load(nothing, nothing, ["grafana/loki:3"], print)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("jaegertracing/jaeger:2.19.0", "docker.io/jaegertracing/jaeger:2.19.0"),
        ("postgres", "docker.io/library/postgres:latest"),
        ("quay.io/a/b:1", "quay.io/a/b:1"),
        ("localhost:5000/b:1", "localhost:5000/b:1"),
        (f"quay.io/a/b:1@{DIGEST}", f"quay.io/a/b@{DIGEST}"),
    ],
)
def test_names_are_those_that_the_runtime_looks_up(reference: str, expected: str) -> None:
    assert canonical(reference) == expected


def test_an_archive_carries_name_and_tag_of_a_digest() -> None:
    assert tagged(f"quay.io/a/b:1@{DIGEST}") == "quay.io/a/b:1"
    assert repository(f"quay.io/a/b:1@{DIGEST}") == "quay.io/a/b"


def test_images_are_found_wherever_something_starts_pods() -> None:
    init = [{"name": "init", "image": "a/init:1"}]
    flags = ["--log=info", "--prometheus-config-reloader=a/reloader:1"]
    operator = {"name": "main", "image": "a/operator:1", "args": flags}
    spec = {"containers": [operator], "initContainers": init}
    job = {"template": {"spec": {"containers": [{"image": "a/job:1"}], "initContainers": None}}}
    patched = [{"name": "prometheus"}]  # merged by name into the operator's own container
    group = "monitoring.coreos.com/v1"
    objects = [
        {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": {"spec": spec}}},
        {"apiVersion": "v1", "kind": "CronJob", "spec": {"jobTemplate": {"spec": job}}},
        {
            "apiVersion": group,
            "kind": "Prometheus",
            "spec": {"image": "a/prometheus:1", "containers": patched},
        },
        {"apiVersion": group, "kind": "PrometheusRule", "spec": {}},
        None,
    ]
    names = ("operator", "reloader", "init", "job", "prometheus")
    assert references(yaml.safe_dump_all(objects)) == {f"a/{name}:1" for name in names}


def test_an_operators_kind_without_image_is_an_error() -> None:
    text = (
        "{apiVersion: monitoring.coreos.com/v1, kind: Alertmanager, metadata: {name: a}, spec: {}}"
    )
    with pytest.raises(PlatformError, match="Alertmanager a names no image"):
        references(text)


def test_definitions_are_no_pods() -> None:
    schema = "{properties: {containers: {items: {properties: {image: {}}, enum: [=, '!=']}}}}"
    text = f"apiVersion: v1\nkind: CustomResourceDefinition\nspec: {schema}\n"
    assert references(text) == set()


def test_every_program_comes_from_a_module_of_the_catalogue() -> None:
    for program in PROGRAMS.values():
        assert set(program.files.values()) <= set(MODULES[program.module].programs)
        assert program.entry_point[0].removeprefix("/") in program.files
