"""HTTP metrics: every route by its template, and labels that no client can make grow."""

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from backend.app import ROUTERS, create_app
from tests.support.asgi import call
from tests.support.settings import make_settings


@pytest.fixture
def app() -> FastAPI:
    return create_app(make_settings())


def requests(route: str, method: str, status: str) -> float:
    labels = {"route": route, "method": method, "status": status}
    return REGISTRY.get_sample_value("backend_http_requests_total", labels) or 0


async def test_a_request_counts_for_the_template_of_its_route(app: FastAPI) -> None:
    route = "/api/v1/integrations/{slug}/rotate"
    before = requests(route, "POST", "4xx")

    await call(app, "POST", "/api/v1/integrations/some-slug/rotate")

    assert requests(route, "POST", "4xx") == before + 1


async def test_paths_and_methods_that_clients_make_up_share_one_label(app: FastAPI) -> None:
    before = requests("unmatched", "other", "4xx")

    await call(app, "BREW", "/coffee/1")
    await call(app, "WHEN", "/coffee/2")

    assert requests("unmatched", "other", "4xx") == before + 2


def test_failures_of_every_route_are_there_before_the_first_one(app: FastAPI) -> None:
    assert app.state.settings, "making the application is enough"
    for route, method in (
        ("/api/v1/webhooks/alertmanager", "POST"),
        ("/api/v1/integrations/{slug}/rotate", "POST"),
    ):
        labels = {"route": route, "method": method, "status": "5xx"}
        assert REGISTRY.get_sample_value("backend_http_requests_total", labels) is not None


async def test_what_is_exposed_can_be_parsed_and_says_which_build_this_is(app: FastAPI) -> None:
    await call(app, "GET", "/health")

    answer = await call(app, "GET", "/metrics")

    families = {family.name for family in text_string_to_metric_families(answer.body.decode())}
    assert {
        "backend_http_requests",
        "backend_http_request_duration_seconds",
        "backend_build_info",
        "process_resident_memory_bytes",
    } <= families


def test_prefixes_belong_to_routers_because_the_label_is_the_route_as_declared() -> None:
    routes = [route for router in ROUTERS for route in router.routes]
    paths = [route.path for route in routes if isinstance(route, APIRoute)]

    assert "/api/v1/integrations/{slug}/rotate" in paths
    assert {path for path in paths if "v1" in path and not path.startswith("/api/v1/")} == set()
