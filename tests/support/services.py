"""Services among rendered objects: who is meant by an address, and by a monitor."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from infra import naming
from tests.support.chart import Tree
from tests.support.third_party import MONITORING_CHARTS, Release, rendered


@dataclass(frozen=True)
class Service:
    name: str
    namespace: str
    port: int


def find_service(url: str, stack: str) -> Service:
    """Return the Service that an address names; an address of nobody fails the test."""
    parts = urlsplit(url)
    name, namespace = str(parts.hostname).split(".")[:2]
    assert namespace == naming.MONITORING_NAMESPACE, url
    service = next(
        item
        for chart in MONITORING_CHARTS
        for item in rendered(chart, stack).of_kind("Service")
        if item["metadata"]["name"] == name
    )
    ports = {port["port"] for port in service["spec"]["ports"]}
    assert parts.port in ports, f"{url}: {name} has {ports}"
    return Service(name, namespace, int(str(parts.port)))


def service_of(monitor: Tree, release: Release) -> Tree:
    """Return a Service that a monitor selects."""
    wanted = monitor["spec"]["selector"].get("matchLabels", {}).items()
    matching = [
        service
        for service in release.of_kind("Service")
        if wanted <= service["metadata"].get("labels", {}).items()
    ]
    assert matching, f"{monitor['metadata']['name']} selects no Service"
    return matching[0]
