"""Which images a chart's pods ask for, and who makes each. The nodes' side: tests/e2e."""

import pytest
import yaml

from e2e.monitoring.errors import MonitoringError
from e2e.monitoring.names import canonical, repository, tagged
from e2e.monitoring.programs import PROGRAMS
from e2e.monitoring.provide import MODULES
from e2e.monitoring.references import references
from e2e.programs.catalogue import MODULES as CATALOGUE
from infra import naming, versions
from infra.versions import HelmChart
from tests.support.chart import templates
from tests.support.plan import plan_of
from tests.support.third_party import archive, planned_values

DIGEST = f"sha256:{'7' * 64}"


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("jaegertracing/jaeger:2.19.0", "docker.io/jaegertracing/jaeger:2.19.0"),
        ("postgres", "docker.io/library/postgres:latest"),
        ("quay.io/a/b:1", "quay.io/a/b:1"),
        ("localhost:5000/b:1", "localhost:5000/b:1"),
        (f"quay.io/a/b:1@{DIGEST}", f"quay.io/a/b@{DIGEST}"),
        (f"quay.io/a/b@{DIGEST}", f"quay.io/a/b@{DIGEST}"),
    ],
)
def test_names_are_those_that_the_runtime_looks_up(reference: str, expected: str) -> None:
    assert canonical(reference) == expected


def test_an_archive_carries_name_and_tag_of_a_digest() -> None:
    assert tagged(f"quay.io/a/b:1@{DIGEST}") == "quay.io/a/b:1"
    assert repository(f"quay.io/a/b:1@{DIGEST}") == "quay.io/a/b"
    assert repository("localhost:5000/b:1") == "localhost:5000/b"


def manifest(*objects: object) -> str:
    return yaml.safe_dump_all(objects)


def pod(*names: str, **more: object) -> dict[str, object]:
    return {"containers": [{"name": name, "image": f"a/{name}:1"} for name in names], **more}


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "Job"])
def test_pods_of_every_kind_are_looked_at(kind: str) -> None:
    init = pod("init")["containers"]
    template = {"spec": pod("main", initContainers=init)}
    item = {"apiVersion": "v1", "kind": kind, "metadata": {}, "spec": {"template": template}}
    assert references(manifest(item)) == {"a/main:1", "a/init:1"}


def test_cron_jobs_and_empty_lists_are_read() -> None:
    job = {"template": {"spec": pod("job", initContainers=None)}}
    item = {"apiVersion": "v1", "kind": "CronJob", "spec": {"jobTemplate": {"spec": job}}}
    assert references(manifest(item, None)) == {"a/job:1"}


def operators(kind: str, **spec: object) -> dict[str, object]:
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": kind,
        "metadata": {"name": "kps"},
        "spec": spec,
    }


def test_the_operators_kinds_name_their_image_themselves() -> None:
    patched = [{"name": "prometheus"}]  # merged by name into the operator's own container
    item = operators("Prometheus", image="a/prometheus:1", containers=patched)
    assert references(manifest(item, operators("PrometheusRule"))) == {"a/prometheus:1"}


def test_an_operators_kind_without_image_is_an_error() -> None:
    with pytest.raises(MonitoringError, match="Alertmanager kps names no image"):
        references(manifest(operators("Alertmanager")))


def test_the_operators_sidecar_is_one_of_its_flags() -> None:
    container = {
        "image": "a/operator:1",
        "args": ["--log=info", "--prometheus-config-reloader=a/r:1"],
    }
    item = {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [container]}}
    assert references(manifest(item)) == {"a/operator:1", "a/r:1"}


def test_definitions_are_no_pods() -> None:
    schema = "{properties: {containers: {items: {properties: {image: {}}, enum: [=, '!=']}}}}"
    text = f"apiVersion: v1\nkind: CustomResourceDefinition\nspec: {schema}\n"
    assert references(text) == set()


def test_every_program_comes_from_a_module_of_the_catalogue() -> None:
    assert set(MODULES) <= set(CATALOGUE)
    for program in PROGRAMS.values():
        assert set(program.files.values()) <= set(CATALOGUE[program.module].programs)
        assert program.entry_point[0].removeprefix("/") in program.files


def asked(chart: HelmChart) -> set[str]:
    text = templates(
        archive(chart),
        planned_values(chart, plan_of("dev")),
        release=naming.PROMETHEUS_RELEASE,
        namespace=naming.MONITORING_NAMESPACE,
    )
    found = [references(content) for path, content in text.items() if path.endswith(".yaml")]
    return set().union(*found)


def test_the_stacks_hooks_and_the_operators_pods_are_found() -> None:
    found = {repository(name) for name in asked(versions.PROMETHEUS_STACK_CHART)}
    assert {
        "ghcr.io/jkroepke/kube-webhook-certgen",
        "quay.io/prometheus/alertmanager",
        "quay.io/prometheus/prometheus",
        "quay.io/prometheus-operator/prometheus-config-reloader",
    } <= found
