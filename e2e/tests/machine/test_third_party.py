"""Other projects' charts on the real API server. Needs root; `make e2e-parts` runs it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from e2e.cluster.cluster import Cluster
from e2e.cluster.errors import ClusterError
from e2e.cluster.processes import wait_until
from e2e.cluster.shell import run
from e2e.load_balancer.fake_controller import image as controller_image
from e2e.load_balancer.fake_controller.rules import FINALIZER
from e2e.platform import third_party
from e2e.platform.dry_run import dry_run
from e2e.platform.third_party import Charts, Release
from e2e.programs.build import ensure
from e2e.programs.catalogue import modules_of
from e2e.tests.probe import image as probe_image

pytestmark = pytest.mark.timeout(400)

PROBE = Path(__file__).with_name("probe") / "probe.yaml"
CONTROLLER = "aws-load-balancer-controller"
IN_PROBE = "--namespace=probe"
GATES = (
    "get",
    "pods",
    "--selector=app=probe",
    IN_PROBE,
    "--output=jsonpath={.items..readinessGates}",
)


@pytest.fixture(scope="module")
def helm() -> Path:
    return ensure(modules_of(("helm",))).program("helm")


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Release]:
    """Those in kube-system; the drill `third-party` tries the others as well."""
    return {each.name: each for each in third_party.planned(tmp_path_factory.mktemp("plan"))}


@pytest.fixture(scope="module")
def charts(
    releases: Mapping[str, Release], helm: Path, tmp_path_factory: pytest.TempPathFactory
) -> Charts:
    found = Charts.collect(list(releases.values()), tmp_path_factory.mktemp("charts"), helm)
    if found.missing:
        pytest.skip(f"charts that cannot be had: {dict(found.missing)}")
    return found


@pytest.fixture(scope="module")
def installed(
    cluster: Cluster,
    releases: Mapping[str, Release],
    charts: Charts,
    helm: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Cluster:
    """The controller's chart as the program installs it, with the stand-in's image."""
    release = releases[CONTROLLER]
    archive = charts.archive(release)
    (name,) = third_party.images(release, archive, helm)
    scratch = tmp_path_factory.mktemp("images")
    controller_image.build(scratch / "controller.tar", name=name)
    probe_image.build(scratch / "probe.tar")
    for file in ("controller.tar", "probe.tar"):
        cluster.load_image(scratch / file)
    install = ("install", release.name, archive, "--namespace", release.namespace)
    environment = {"KUBECONFIG": str(cluster.kubeconfig)}
    wait = ("--wait", "--timeout=120s")
    with third_party.values_file(release) as values:
        run(helm, *install, *wait, "--values", values, environment=environment, seconds=150)
    return cluster


@pytest.fixture
def controller(installed: Cluster) -> Cluster:
    """Without the probe, whose pods keep for life what they got when they were made."""
    installed.kubectl("delete", "namespace", "probe", "--ignore-not-found", "--timeout=90s")
    return installed


def scale(cluster: Cluster, replicas: int) -> None:
    target = (f"deployment/{CONTROLLER}", "--namespace=kube-system")
    cluster.kubectl("scale", *target, f"--replicas={replicas}")
    cluster.kubectl("rollout", "status", *target, "--timeout=60s")
    slices = ("get", "endpointslices", "--namespace=kube-system", "--output=jsonpath={..addresses}")
    selector = "--selector=kubernetes.io/service-name=aws-load-balancer-webhook-service"
    assert wait_until(
        lambda: bool(cluster.kubectl(*slices, selector)) == bool(replicas), seconds=60
    )


def binding(cluster: Cluster) -> Mapping[str, Any]:
    found = cluster.kubectl.get("targetgroupbinding", "probe", IN_PROBE)
    return cast("Mapping[str, Any]", found["metadata"])


def test_the_charts_webhooks_answer_through_their_own_key(controller: Cluster) -> None:
    """A binding passes two webhooks that fail closed, and pods get its gate from the third."""
    controller.kubectl.apply(PROBE)
    assert wait_until(lambda: bool(controller.kubectl(*GATES)), seconds=30)
    assert "target-health.elbv2.k8s.aws/probe" in controller.kubectl(*GATES)


def test_a_binding_is_held_while_it_exists_and_let_go_when_deleted(controller: Cluster) -> None:
    controller.kubectl.apply(PROBE)
    assert wait_until(lambda: FINALIZER in binding(controller).get("finalizers", []), seconds=30)
    controller.kubectl("delete", "targetgroupbinding", "probe", IN_PROBE, "--timeout=30s")


def test_without_a_controller_bindings_are_refused_and_pods_have_no_gate(
    controller: Cluster,
) -> None:
    scale(controller, 0)
    try:
        with pytest.raises(ClusterError, match="failed calling webhook"):
            controller.kubectl.apply(PROBE)
        pods = ("get", "pods", "--selector=app=probe", IN_PROBE, "--output=name")
        assert wait_until(lambda: bool(controller.kubectl(*pods)), seconds=60)
        assert controller.kubectl(*GATES) == ""
    finally:
        scale(controller, 1)


@pytest.mark.parametrize("name", ["metrics-server", "cluster-autoscaler"])
def test_the_api_server_takes_what_the_program_would_install(
    cluster: Cluster, releases: Mapping[str, Release], charts: Charts, helm: Path, name: str
) -> None:
    release = releases[name]
    assert dry_run(release, charts.archive(release), helm, cluster.kubectl) > 5
    assert not run(
        helm, "list", "--all-namespaces", "--short", f"--filter=^{name}$",
        environment={"KUBECONFIG": str(cluster.kubeconfig)},
    )  # fmt: skip


@pytest.mark.parametrize(
    "values",
    [
        {"resources": {"requests": {"cpu": "a lot"}}},  # Helm's schemas let it pass
        {"resources": "none"},
    ],
)
def test_the_api_server_refuses_what_it_would_refuse_on_aws(
    cluster: Cluster,
    releases: Mapping[str, Release],
    charts: Charts,
    helm: Path,
    values: Mapping[str, object],
) -> None:
    release = releases["cluster-autoscaler"]
    broken = replace(release, values={**release.values, **values})
    with pytest.raises(ClusterError, match="failed"):
        dry_run(broken, charts.archive(release), helm, cluster.kubectl)
