"""What the backend really exposes: API and worker asked for their metrics."""

import functools

from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from backend.app import create_app
from backend.settings import Settings
from backend.worker import create_worker

# What prometheus_client's own collector says, without labels of ours.
OF_PROCESS = {
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
}
_SUFFIXES = {
    "counter": ["_total"],
    "histogram": ["_bucket", "_sum", "_count"],
    "summary": ["_sum", "_count"],
}


@functools.cache
def exposed_by_backend() -> frozenset[str]:
    """Ask API and worker, with a database that is not there; return the names of all series."""
    settings = Settings(
        database_host="127.0.0.1", database_port=1, database_name="none", database_user="none"
    )
    texts = []
    for application in (create_app(settings), create_worker(settings)):
        with TestClient(application) as client:
            texts.append(client.get("/metrics").text)
    return frozenset(
        family.name + suffix
        for text in texts
        for family in text_string_to_metric_families(text)
        for suffix in _SUFFIXES.get(family.type, [""])
    )


def labels_of(metric: str) -> frozenset[str]:
    """Return the labels that the backend gives a metric; ask `exposed_by_backend` first."""
    collector = REGISTRY._names_to_collectors[metric]
    bucket = {"le"} if metric.endswith("_bucket") else set[str]()
    return frozenset({*getattr(collector, "_labelnames", ()), *bucket})
