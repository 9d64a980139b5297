"""The stack that is proven is the reference deployment: every difference has its reason here."""

from typing import Any

import pytest
import yaml

from e2e.deploy.engine.stacks import Stack
from e2e.deploy.engine.workspace import REPOSITORY

DIFFERENCES = {
    "backend.buildImage": "there is no BuildKit; e2e/deploy/image builds and imports the image",
    "observability.metrics.databaseExporter": "its image cannot be built, and Debian's program has"
    " other flags: tests/contract/test_database_exporter.py runs that",
    "addons.loadBalancerController": "it has no AWS to talk to: e2e/load_balancer acts for it",
    "addons.metricsServer": "the cluster brings its own",
    "addons.clusterAutoscaler": "there are no nodes to add",
}

OF = {
    Stack.PLATFORM: {
        "observability.enabled": "a run of minutes: the monitoring stack is the other stack's",
    },
    Stack.OBSERVABILITY: {
        "addons.chartDirectory": "the archives that `make charts` has pulled",
        "observability.logs.enabled": "Loki and Alloy are not built from Go modules (ADR 62)",
        "observability.cost.enabled": "OpenCost is not published as a Go module (ADR 62)",
        "observability.notifications.receiver": "there is no SNS, and a drill can listen",
        "observability.notifications.url": "where the drill listens",
        "observability.notifications.emails": "of SNS alone",
    },
}


def leaves(value: object, path: str = "") -> dict[str, Any]:
    if not isinstance(value, dict) or not value:
        return {path: value}
    found: dict[str, Any] = {}
    for key, below in value.items():
        name = str(key).removeprefix("observability-platform:")
        found |= leaves(below, f"{path}.{name}" if path else name)
    return found


@pytest.mark.parametrize("stack", Stack)
def test_a_stack_differs_from_the_reference_in_what_is_listed_and_nothing_else(
    stack: Stack,
) -> None:
    reference = leaves(yaml.safe_load((REPOSITORY / "Pulumi.dev.yaml").read_text())["config"])
    proven = leaves(yaml.safe_load(stack.file.read_text())["config"])
    absent = object()
    different = {
        key
        for key in reference.keys() | proven.keys()
        if reference.get(key, absent) != proven.get(key, absent)
    }
    assert different == DIFFERENCES.keys() | OF[stack].keys()
