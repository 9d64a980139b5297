"""A real Prometheus with the cluster's rules finds the catalog's services, and keeps its own.

Only the backend's address, the place of the token and the waiting times are others than in the
cluster.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from backend.settings import Settings
from infra.monitoring.catalog_scrape import DISCOVERY_PATH, RECORDED, SAMPLES, scrape_config
from tests.support.polling import wait_for
from tests.support.postgres import Server
from tests.support.process import API, MIGRATE, run, running
from tests.support.prometheus import Prometheus, running_prometheus, serving
from tests.support.settings import environment_of
from tests.support.stand_in_operator import as_prometheus_reads_it

SECONDS = 30
ADMIN = "an-administrators-token-of-some-length"
DISCOVERY = "prometheus-own-token-of-some-length"
FAILURES = "prometheus_sd_http_failures_total"

pytestmark = pytest.mark.timeout(180)


@dataclass(frozen=True)
class Platform:
    """A database that may be stopped, the backend on it, and Prometheus asking the backend."""

    database: Server
    backend: httpx2.Client
    prometheus: Prometheus

    def register(self, slug: str, target: str, **group: object) -> None:
        service = {"slug": slug, "name": slug, "scrape_targets": [{"targets": [target], **group}]}
        self.backend.post("/api/v1/services", json=service).raise_for_status()

    def wait_until(self, **health: str | None) -> None:
        """Wait until Prometheus sees these services so: up, down, or (None) not at all."""
        wait_for(
            lambda: health == {slug: health_of(slug, self.prometheus) for slug in health},
            seconds=SECONDS,
            what=f"Prometheus sees {health}",
        )


def health_of(slug: str, prometheus: Prometheus) -> str | None:
    targets = prometheus.targets()
    return next((t["health"] for t in targets if t["labels"].get("service") == slug), None)


def here(address: str, token: Path) -> dict[str, Any]:
    """Move the cluster's scrape configuration to this machine, and wait less."""
    spec = scrape_config(memory_mb=640)
    config = as_prometheus_reads_it(spec, name="monitoring/catalog", token=token)
    [discovery] = config["http_sd_configs"]
    discovery |= {"url": f"{address}{DISCOVERY_PATH}", "refresh_interval": "1s"}
    return config | {"scrape_interval": "1s", "scrape_timeout": "1s"}


@contextmanager
def prometheus_of(address: str, folder: Path) -> Iterator[Prometheus]:
    token = folder / "discovery-token"
    token.write_text(DISCOVERY)
    with running_prometheus({"scrape_configs": [here(address, token)]}, folder) as prometheus:
        yield prometheus


@pytest.fixture(scope="module")
def platform(
    stoppable: Server, stoppable_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    """One for all tests, each with services of its own: a start takes longer than most of them."""
    folder = tmp_path_factory.mktemp("platform")
    files = {"admin_token_file": ADMIN, "discovery_token_file": DISCOVERY}
    for name, token in files.items():
        (folder / name).write_text(token)
    settings = stoppable_settings.model_copy(update={name: folder / name for name in files})
    migrated = run(MIGRATE, environment_of(settings))
    assert migrated.returncode == 0, migrated.stderr
    headers = {"Authorization": f"Bearer {ADMIN}"}
    with running(API, environment_of(settings)) as process:
        address = process.base_url()
        with (
            httpx2.Client(
                base_url=address, headers=headers, trust_env=False, timeout=SECONDS
            ) as backend,
            prometheus_of(address, folder) as prometheus,
        ):
            yield Platform(stoppable, backend, prometheus)


def test_a_service_of_the_catalog_is_scraped_until_it_is_taken_out(platform: Platform) -> None:
    prometheus = platform.prometheus
    with serving(lambda: "orders_total 7\n") as target:
        platform.register("checkout", target, labels={"environment": "production"})

        platform.wait_until(checkout="up")
        [series] = prometheus.query('orders_total{service="checkout"}')
        assert series["metric"] == {
            "__name__": "orders_total",
            "service": "checkout",
            "environment": "production",
            "job": "catalog",
            "instance": target,
        }

        platform.backend.delete("/api/v1/services/checkout").raise_for_status()

        platform.wait_until(checkout=None)


def test_targets_stay_while_the_database_is_away(platform: Platform) -> None:
    scrapes: list[None] = []

    def metrics() -> str:
        scrapes.append(None)
        return "orders_total 7\n"

    with serving(metrics) as target:
        platform.register("kept", target)
        platform.wait_until(kept="up")

        platform.database.stop(immediately=True)
        during = platform.backend.get(DISCOVERY_PATH)
        failures = own_metric(platform.prometheus, FAILURES)
        wait_for(
            lambda: own_metric(platform.prometheus, FAILURES) >= failures + 2,
            seconds=SECONDS,
            what="Prometheus is refused twice",
        )
        before = len(scrapes)
        wait_for(lambda: len(scrapes) > before + 1, seconds=SECONDS, what="it is still scraped")
        kept = health_of("kept", platform.prometheus)
        platform.database.start()

        assert (during.status_code, during.json()["code"]) == (503, "database_unavailable")
        assert kept == "up"
        platform.register("afterwards", target, metrics_path="/afterwards")
        # Discovery goes on by itself.
        platform.wait_until(kept="up", afterwards="up")


def own_metric(prometheus: Prometheus, name: str) -> float:
    """Read one of Prometheus' own counters, over all of its label values."""
    text = httpx2.get(f"{prometheus.address}/metrics", trust_env=False).text
    values = [line.split()[-1] for line in text.splitlines() if line.startswith(name)]
    return sum(map(float, values))


HOSTILE = """\
up{job="backend",namespace="observability",service="backend",instance="a:1"} 1
slo:errors:ratio{slo="availability"} 1
ALERTS{alertname="BackendDown",alertstate="firing"} 1
orders_total{le="1",pod="backend-0"} 7 1000
backend_deliveries_total{namespace="observability",outcome="stored"} 1
"""


def test_what_a_target_answers_stays_its_own(platform: Platform) -> None:
    with serving(lambda: HOSTILE) as target:
        platform.register("hostile", target)
        platform.wait_until(hostile="up")

        assert platform.prometheus.query('{job="backend"}') == []
        # Rules sum by namespace: a forged delivery would hide that none arrives.
        assert platform.prometheus.query('{namespace="observability"}') == []
        [delivery] = platform.prometheus.query("backend_deliveries_total")
        assert delivery["metric"]["exported_namespace"] == "observability"
        [order] = platform.prometheus.query("orders_total{service='hostile'}")
        assert order["metric"].keys() >= {"le", "exported_pod"}
        assert "pod" not in order["metric"]
        assert platform.prometheus.query(f'{{__name__=~"{RECORDED}"}}') == []
        [forged] = platform.prometheus.query('up{exported_job="backend"}')
        assert forged["metric"]["job"] == "catalog"
        assert forged["metric"]["exported_service"] == "backend"
        # Not in 1970, where it says that it is: an instant query sees the present.
        assert platform.prometheus.value('orders_total{service="hostile"}') == 7


def test_a_target_that_answers_too_much_is_down_and_stores_nothing(platform: Platform) -> None:
    lines = "".join(f'flood{{number="{n}"}} 1\n' for n in range(SAMPLES + 1))
    with serving(lambda: lines) as target, serving(lambda: "orders_total 7\n") as other:
        platform.register("flood", target)
        platform.register("sound", other)

        platform.wait_until(flood="down", sound="up")

        assert platform.prometheus.query("flood") == []
        [down] = [
            found
            for found in platform.prometheus.targets()
            if found["labels"]["service"] == "flood"
        ]
        assert "sample limit exceeded" in down["lastError"]


def test_labels_of_the_cluster_are_dropped_even_if_the_backend_sent_them(tmp_path: Path) -> None:
    """Plays a backend that somebody has broken into, or an older one."""
    foreign = {"job": "backend", "namespace": "observability", "instance": "a:1", "pod": "b"}
    with serving(lambda: "orders_total 7\n") as target:
        group = {"targets": [target], "labels": {"service": "forged", **foreign}}
        with serving(lambda: [group]) as backend, prometheus_of(f"http://{backend}", tmp_path) as p:
            wait_for(lambda: health_of("forged", p) == "up", seconds=SECONDS, what="it is scraped")

            [found] = p.targets()

    assert found["labels"] == {"service": "forged", "job": "catalog", "instance": target}
