"""One cluster at a time: there is room for one on a machine. Each module has its own."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.cluster.cluster import Cluster
from e2e.load_balancer.entrance import BINDING_CRD, BINDING_DEFINITION, Entrance
from e2e.tests.probe import image

_PROBE = Path(__file__).parents[1] / "probe"

# Short, so that a drill takes seconds; the platform's drills use what `pulumi up` recorded.
TARGET_GROUP = {
    "arn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/probe/0123",
    "deregistrationDelay": 5,
    "healthCheck": {
        "path": "/ready",
        "interval": 5,
        "timeout": 2,
        "healthyThreshold": 2,
        "unhealthyThreshold": 2,
    },
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster.up() as made:
        yield made


def _prepare(cluster: Cluster, archive: Path) -> None:
    image.build(archive)
    cluster.load_image(archive)
    cluster.kubectl.apply(BINDING_DEFINITION)
    cluster.kubectl("wait", "--for=condition=Established", BINDING_CRD)


@pytest.fixture(scope="module")
def entrance(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Entrance]:
    """In front of the probe's pods, which are healthy."""
    _prepare(cluster, tmp_path_factory.mktemp("probe") / "image.tar")
    recorded = tmp_path_factory.mktemp("recorded") / "target-group.json"
    recorded.write_text(json.dumps(TARGET_GROUP))
    started = Entrance.start(
        state=cluster.paths.state, kubeconfig=cluster.kubeconfig, target_group=recorded
    )
    with started as running:
        cluster.kubectl.apply(_PROBE / "probe.yaml")
        running.wait_healthy(2)
        rollout = ("rollout", "status", "deployment/probe", "--namespace=probe", "--timeout=90s")
        cluster.kubectl(*rollout)
        yield running
