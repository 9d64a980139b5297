"""The stacks that a run can deploy: Pulumi.dev.yaml, but for the keys here, with their reasons."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import yaml

PROJECT = "observability-platform"
REPOSITORY = Path(__file__).parents[3]


class Stack(StrEnum):
    """What `--stack` chooses; on this machine the Pulumi stack is called `e2e` in both."""

    PLATFORM = "platform"
    OBSERVABILITY = "observability"

    @property
    def monitored(self) -> bool:
        """Whether the monitoring stack is installed, with all that it takes."""
        return self is Stack.OBSERVABILITY

    @property
    def on_this_machine(self) -> Mapping[str, object]:
        """The settings that differ there."""
        return _BOTH | _OF[self]


def write(file: Path, changes: Mapping[str, object]) -> None:
    """Write a stack's file: the settings of `dev`, but for those whose paths are given."""
    content = yaml.safe_load((REPOSITORY / "Pulumi.dev.yaml").read_text())
    for path, value in changes.items():
        group, *keys = path.split(".")
        place, last = content["config"], f"{PROJECT}:{group}"
        for key in keys:
            place, last = place.setdefault(last, {}), key
        place[last] = value
    file.write_text(yaml.safe_dump(content, sort_keys=False))


_BOTH: dict[str, object] = {
    # There is no BuildKit; e2e/deploy/image builds and imports the image.
    "backend.buildImage": False,
    # Its image cannot be built, and Debian's program has other flags:
    # tests/contract/test_database_exporter.py runs that.
    "observability.metrics.databaseExporter": False,
    # It has no AWS to talk to: e2e/load_balancer acts for it.
    "addons.loadBalancerController": False,
    # The cluster brings its own.
    "addons.metricsServer": False,
    # There are no nodes to add.
    "addons.clusterAutoscaler": False,
}
_OF: dict[Stack, dict[str, object]] = {
    Stack.PLATFORM: {
        # A run of minutes: the monitoring stack is the other stack's.
        "observability.enabled": False,
    },
    Stack.OBSERVABILITY: {
        # The archives that `make charts` has pulled.
        "addons.chartDirectory": "third-party-charts",
        # Loki and Alloy are not built from Go modules (ADR 62).
        "observability.logs.enabled": False,
        # OpenCost is not published as a Go module (ADR 62).
        "observability.cost.enabled": False,
        # There is no SNS. A drill listens there; the address is no secret.
        "observability.notifications": {
            "receiver": "webhook",
            "url": "http://10.0.1.10:18080/",
        },
    },
}
