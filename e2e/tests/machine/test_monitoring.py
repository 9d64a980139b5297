"""The monitoring stack's charts, installed with the program's values. Needs root and the charts.

`make e2e-parts` runs it. Loki, Alloy, Jaeger and OpenCost come with `make e2e STACK=observability`.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from e2e.cluster import topology
from e2e.cluster.cluster import Cluster
from e2e.cluster.errors import ClusterError
from e2e.cluster.processes import wait_until
from e2e.cluster.shell import run
from e2e.monitoring.provide import MODULES, Volumes, provide
from e2e.monitoring.provisioner import FOLDER
from e2e.platform import third_party
from e2e.platform.third_party import Charts, Release
from e2e.programs.build import Toolbox, ensure
from e2e.programs.catalogue import modules_of
from infra import naming, versions
from tests.support.skips import NOT_REACHABLE

pytestmark = pytest.mark.timeout(600)

NAMESPACE = naming.MONITORING_NAMESPACE
HERE = f"--namespace={NAMESPACE}"
INSTALLED = (versions.OPERATOR_DEFINITIONS_CHART.name, naming.PROMETHEUS_RELEASE)
PASSWORD = "made up"
MANIFESTS = Path(__file__).with_name("monitoring") / "around-the-charts.yaml"
CLAIM = MANIFESTS.with_name("claim.yaml")
IN_VOLUMES = "--namespace=volumes"
READY_SECONDS = 300


@pytest.fixture(scope="module")
def tools() -> Toolbox:
    return ensure(modules_of((*MODULES, "helm")))


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> list[Release]:
    plan = third_party.planned(tmp_path_factory.mktemp("plan"), namespace=NAMESPACE)
    by_name = {release.name: release for release in plan}
    return [by_name[name] for name in INSTALLED]


@pytest.fixture(scope="module")
def charts(releases: list[Release], tmp_path_factory: pytest.TempPathFactory) -> Charts:
    found = Charts.collect(releases, tmp_path_factory.mktemp("charts"))
    if found.missing:
        pytest.skip(NOT_REACHABLE)
    return found


@pytest.fixture(scope="module")
def volumes(cluster: Cluster) -> Iterator[Volumes]:
    with Volumes.start(cluster) as running:
        yield running


@pytest.fixture(scope="module")
def installed(
    cluster: Cluster,
    volumes: Volumes,
    releases: list[Release],
    charts: Charts,
    tools: Toolbox,
    tmp_path_factory: pytest.TempPathFactory,
) -> Cluster:
    """With the namespace, class and Secrets that the program makes before the charts."""
    assert volumes.running
    cluster.kubectl.apply(MANIFESTS)
    provide(cluster, tools, releases, charts, tmp_path_factory.mktemp("images"), print)
    environment = {"KUBECONFIG": str(cluster.kubeconfig)}
    for release in releases:
        place = (release.name, charts.archive(release), HERE)
        with third_party.values_file(release) as values:
            run(
                tools.program("helm"), "install", *place, "--values", values,
                "--wait", f"--timeout={READY_SECONDS}s",
                environment=environment, seconds=READY_SECONDS + 30,
            )  # fmt: skip
    return cluster


def ask(cluster: Cluster, service: str, path: str) -> Any:
    """GET from a Service through the API server."""
    answer = cluster.kubectl(
        "get", "--raw", f"/api/v1/namespaces/{NAMESPACE}/services/{service}/proxy{path}"
    )
    return json.loads(answer)


def targets(cluster: Cluster) -> dict[str, set[str]]:
    """Give the health of Prometheus' targets by job."""
    found: dict[str, set[str]] = {}
    for target in ask(cluster, "kps-prometheus:9090", "/api/v1/targets")["data"]["activeTargets"]:
        found.setdefault(target["labels"]["job"], set()).add(target["health"])
    return found


def test_everything_is_ready(installed: Cluster) -> None:
    for workload in (
        "deployment/kps-operator",
        "deployment/kps-kube-state-metrics",
        "deployment/kps-grafana",
        "daemonset/kps-prometheus-node-exporter",
        "statefulset/prometheus-kps",
        "statefulset/alertmanager-kps",
    ):
        rollout = ("rollout", "status", workload, HERE, f"--timeout={READY_SECONDS}s")
        installed.kubectl(*rollout, seconds=READY_SECONDS + 10)


def test_volumes_are_bound_in_the_zone_that_the_scheduler_chose(installed: Cluster) -> None:
    claims = [*map(as_mapping, installed.kubectl.items("persistentvolumeclaims", HERE))]
    assert [claim["status"]["phase"] for claim in claims] == ["Bound"] * 3
    zones = {node.name: node.zone for node in topology.NODES.values()}
    for claim in claims:
        volume = as_mapping(installed.kubectl.get("persistentvolume", claim["spec"]["volumeName"]))
        chosen = claim["metadata"]["annotations"]["volume.kubernetes.io/selected-node"]
        assert volume["metadata"]["labels"]["topology.kubernetes.io/zone"] == zones[chosen]


def as_mapping(item: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", item)


def test_programs_are_the_versions_that_the_chart_installs(installed: Cluster) -> None:
    build = ask(installed, "kps-prometheus:9090", "/api/v1/status/buildinfo")["data"]
    assert build["version"] == "0.314.0"  # the Go module's name for 3.14.0
    status = ask(installed, "kps-alertmanager:9093", "/api/v2/status")
    assert status["versionInfo"]["version"] == "0.34.0"


def test_all_that_the_chart_has_prometheus_scrape_answers(installed: Cluster) -> None:
    wanted = {"apiserver", "coredns", "kps-alertmanager", "kps-grafana", "kps-operator"}
    wanted |= {"kps-prometheus", "kube-state-metrics", "kubelet", "node-exporter"}
    up = {job: {"up"} for job in wanted}
    assert wait_until(lambda: targets(installed) == up, seconds=120, every=2), targets(installed)


def test_the_operators_webhook_refuses_a_broken_rule(installed: Cluster) -> None:
    """It fails open, so a refusal says that the API server trusts the certificate made for it."""
    rule = {"alert": "Broken", "expr": "sum(("}
    broken = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "broken", "namespace": NAMESPACE},
        "spec": {"groups": [{"name": "broken", "rules": [rule]}]},
    }
    with pytest.raises(ClusterError, match="could not parse expression"):
        installed.kubectl.apply(yaml.safe_dump(broken))


def test_grafanas_stand_in_shows_what_grafana_would_load(installed: Cluster) -> None:
    login = base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
    service = installed.kubectl(
        "get", "service", "kps-grafana", HERE, "--output=jsonpath={.spec.clusterIP}"
    )

    def look(path: str) -> Any:
        header = f"Authorization: Basic {login}"
        return json.loads(run("curl", "-sf", "-m5", "-H", header, f"http://{service}{path}"))

    assert wait_until(lambda: len(look("/api/search")) > 10, seconds=60, every=1)
    sources = yaml.safe_load("\n".join(look("/stand-in/datasources").values()))["datasources"]
    assert {"Prometheus", "Loki", "Jaeger"} <= {source["name"] for source in sources}


def test_a_volume_is_its_pods_own_and_goes_with_the_claim(
    cluster: Cluster, volumes: Volumes
) -> None:
    assert volumes.running
    cluster.kubectl.apply(MANIFESTS)
    cluster.kubectl.apply(CLAIM)
    wait = ("wait", "pod/claimant", "--for=condition=Ready", IN_VOLUMES, "--timeout=60s")
    cluster.kubectl(*wait)
    folder = volume_folder(cluster)
    assert folder.stat().st_gid == 2000  # the kubelet gave it to the pod's fsGroup
    assert folder.stat().st_mode & 0o070 == 0o070
    cluster.kubectl("delete", "pod/claimant", "pvc/data", IN_VOLUMES, "--timeout=60s")
    mine = ("get", "persistentvolume", folder.name, "--ignore-not-found", "--output=name")
    assert wait_until(lambda: cluster.kubectl(*mine) == "", seconds=60, every=1)
    assert not folder.exists()


def volume_folder(cluster: Cluster) -> Path:
    """Find where the machine has the claim's volume."""
    field = "--output=jsonpath={.spec.volumeName} "
    field += "{.metadata.annotations.volume\\.kubernetes\\.io/selected-node}"
    name, node = cluster.kubectl("get", "pvc/data", IN_VOLUMES, field).split()
    return cluster.paths.node(node) / "lib" / FOLDER / name
