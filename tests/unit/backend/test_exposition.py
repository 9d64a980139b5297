"""The format of /metrics: each Prometheus gets what it asks for, and no scrape fails."""

from collections.abc import Callable

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from backend.app import create_app
from backend.settings import Settings
from backend.telemetry.exposition import prefers_openmetrics
from backend.worker import create_worker
from tests.support.asgi import call
from tests.support.settings import make_settings

PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PROMETHEUS_2 = (
    "application/openmetrics-text; version=1.0.0,"
    "application/openmetrics-text; version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
TEXT_FIRST = "text/plain;version=0.0.4;q=0.6,application/openmetrics-text;version=1.0.0;q=0.5"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (PROMETHEUS_3, True),
        (PROMETHEUS_2, True),
        ("Application/OpenMetrics-Text", True),
        (TEXT_FIRST, False),
        ("", False),
        ("*/*", False),
        ("text/html,application/xhtml+xml,*/*;q=0.8", False),
        ("application/openmetrics-text;q=0", False),
        ("application/openmetrics-text;q=much", False),
        ("application/openmetrics-text;version=one", True),
        (";;,,;q=", False),
    ],
)
def test_openmetrics_is_for_those_who_prefer_it(accept: str, expected: bool) -> None:
    assert prefers_openmetrics(accept) is expected


async def test_a_path_that_only_means_the_same_is_not_there() -> None:
    """The load balancer hides /metrics as it is written."""
    answer = await call(create_app(make_settings()), "GET", "/%6detrics")

    assert answer.status == 404
    assert b"backend_" not in answer.body


async def test_both_formats_carry_the_same_samples() -> None:
    app = create_app(make_settings())
    await call(app, "GET", "/health")

    new = await call(app, "GET", "/metrics", headers={"accept": PROMETHEUS_3})
    old = await call(app, "GET", "/metrics")

    assert new.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert old.headers["content-type"].startswith("text/plain; version=")
    families = openmetrics(new.body.decode())  # type: ignore[no-untyped-call]  # not annotated
    names = {sample.name for family in families for sample in family.samples}
    assert names == {s.name for family in plain(old.body.decode()) for s in family.samples}


@pytest.mark.parametrize("make", [create_app, create_worker], ids=["API", "worker"])
@pytest.mark.parametrize(
    "accept", [PROMETHEUS_3, PROMETHEUS_2, TEXT_FIRST, "application/openmetrics-text;version=x"]
)
def test_every_process_answers(make: Callable[[Settings], ASGIApp], accept: str) -> None:
    with TestClient(make(make_settings())) as client:
        answer = client.get("/metrics", headers={"accept": accept})

    assert answer.status_code == 200
    assert "backend_database_pool_connections" in answer.text
    assert answer.text.endswith("# EOF\n") is (accept != TEXT_FIRST)
