"""A rule of the chart fires: how it reaches the backend, and people, with the program's routes.

Real: the backend and its migration, Prometheus, Alertmanager, the chart's rule files, and the
configuration that infra/third_party/alertmanager.py makes. Every waiting time is that of production, divided;
Debian's programs are older than the cluster's. On Kubernetes, at full length, it is a drill of
`make e2e`.
"""  # noqa: E501

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
import yaml

from backend.settings import Settings
from infra.config.observability import NotificationOptions
from infra.third_party.alertmanager import alertmanager_config
from tests.support.polling import wait_for
from tests.support.process import API, MIGRATE, run, running
from tests.support.prometheus import Prometheus, faster_rules, running_prometheus
from tests.support.real_alertmanager import (
    BACKEND_PATH,
    DIRECT_PATH,
    Receiver,
    alertmanager,
    faster,
    moved_here,
    receiving,
)
from tests.support.settings import environment_of

TIMES_FASTER = 15
# infra/third_party/chart_values/kube-prometheus-stack.yaml; Prometheus' own default for the last.
SCRAPE_SECONDS = EVALUATION_SECONDS = 30
RESEND_SECONDS = 60
# Until then, at the latest, a change has been scraped, evaluated and held back (group_wait: 30 s).
PROMISED_SECONDS = 90
# What a busy machine may take beside all waiting: it is not divided.
OWN_SECONDS = 5
ARRIVAL_SECONDS = 60
SERVICE = {"namespace": "observability", "app_kubernetes_io_component": "api"}


@dataclass(frozen=True)
class Way:
    """The whole way of an alert, running."""

    backend: httpx2.Client
    direct: Receiver
    prometheus: Prometheus
    targets: Path
    target: str

    def scrape_backend(self) -> None:
        found = [{"targets": [self.target], "labels": SERVICE}]
        self.targets.write_text(yaml.safe_dump(found))

    def lose_backend(self) -> None:
        """Nothing is found to be scraped any more; the backend itself goes on."""
        self.targets.write_text("[]")

    def stored(self, name: str, status: str) -> dict[str, object] | None:
        answer = self.backend.get("/api/v1/alerts", params={"label": f"alertname={name}"})
        items: list[dict[str, object]] = answer.raise_for_status().json()["items"]
        return next((item for item in items if item["status"] == status), None)


@pytest.fixture(scope="module")
def way(module_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    folder = tmp_path_factory.mktemp("way")
    tokens = {name: folder / name for name in ("admin_token_file", "ingest_token_file")}
    for name, file in tokens.items():
        file.write_text(f"a-token-of-some-length-for-{name}")
    with_tokens = environment_of(module_settings.model_copy(update=tokens))
    migrated = run(MIGRATE, with_tokens)
    assert migrated.returncode == 0, migrated.stderr
    with running(API, environment_of(module_settings)) as process, receiving() as direct:
        url = process.base_url()
        token = tokens["admin_token_file"].read_text()
        with (
            httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}) as client,
            delivering(int(url.rpartition(":")[2]), direct, tokens["ingest_token_file"]) as sender,
            scraping(sender, folder) as found,
        ):
            yield Way(client, direct, found, targets_in(folder), url.removeprefix("http://"))


@contextmanager
def delivering(backend_port: int, direct: Receiver, token: Path) -> Iterator[str]:
    """Run Alertmanager as the cluster configures it; give its address."""
    options = NotificationOptions.model_validate({"receiver": "webhook", "url": "https://people"})
    config = moved_here(
        alertmanager_config(options, topic_arn=None, region="us-east-1"),
        backend_port=backend_port,
        direct_port=direct.port,
        token=token,
    )
    folder = token.parent / "alertmanager"
    folder.mkdir()
    with alertmanager(faster(config, TIMES_FASTER), folder) as address:
        yield address


@contextmanager
def scraping(sender: str, folder: Path) -> Iterator[Prometheus]:
    """Run Prometheus with the chart's rules."""
    targets = targets_in(folder)
    targets.write_text("[]")
    discovery = {"files": [str(targets)], "refresh_interval": "1s"}
    config = {
        "global": {
            "scrape_interval": shorter(SCRAPE_SECONDS),
            "scrape_timeout": shorter(SCRAPE_SECONDS),
            "evaluation_interval": shorter(EVALUATION_SECONDS),
        },
        "rule_files": [faster_rules(folder / "rules", TIMES_FASTER)],
        "alerting": {
            "alertmanagers": [{"static_configs": [{"targets": [sender.removeprefix("http://")]}]}]
        },
        "scrape_configs": [{"job_name": "backend", "file_sd_configs": [discovery]}],
    }
    resend = f"--rules.alert.resend-delay={shorter(RESEND_SECONDS)}"
    with running_prometheus(config, folder, resend) as found:
        yield found


def targets_in(folder: Path) -> Path:
    return folder / "targets.yml"


def shorter(seconds: int) -> str:
    return f"{seconds * 1000 // TIMES_FASTER}ms"


def seconds_until(probe: Callable[[], object], what: str) -> float:
    """Wait; return how long it would have taken with production's waiting times."""
    started = time.monotonic()
    wait_for(probe, seconds=ARRIVAL_SECONDS, what=what)
    return (time.monotonic() - started) * TIMES_FASTER


@pytest.mark.timeout(300)
def test_a_rule_of_the_chart_becomes_an_alert_of_the_backend(way: Way) -> None:
    way.scrape_backend()
    wait_for(
        lambda: way.stored("BackendHeartbeat", "firing"), seconds=ARRIVAL_SECONDS, what="heartbeat"
    )
    wait_for(
        lambda: way.prometheus.query("backend_deliveries_total"),
        seconds=ARRIVAL_SECONDS,
        what="the backend is scraped",
    )

    refused = way.backend.post(BACKEND_PATH, content=b"no message of Alertmanager")
    assert refused.is_client_error
    took = seconds_until(
        lambda: way.stored("BackendDeliveriesRefused", "firing"), "a warning is stored"
    )
    print(f"from the event to the stored alert: {took:.0f} s of {PROMISED_SECONDS}")  # noqa: T201  # the measurement
    assert took < PROMISED_SECONDS + OWN_SECONDS * TIMES_FASTER
    alert = way.stored("BackendDeliveriesRefused", "firing")
    assert alert is not None
    assert alert["integration"] == "default"
    assert "BackendDeliveriesRefused" not in way.direct.told(DIRECT_PATH), "it wakes nobody"

    wait_for(
        lambda: all(rule["health"] != "unknown" for rule in way.prometheus.rules()),
        seconds=ARRIVAL_SECONDS,
        what="every rule has been evaluated",
    )
    rules = way.prometheus.rules()
    assert len(rules) > 20
    assert {rule["name"]: rule.get("lastError") for rule in rules if rule["health"] != "ok"} == {}


@pytest.mark.timeout(300)
def test_a_critical_alert_also_reaches_people_and_both_hear_of_its_end(way: Way) -> None:
    way.scrape_backend()
    up = 'up{job="backend"} == 1'
    wait_for(
        lambda: way.prometheus.query(up),
        seconds=ARRIVAL_SECONDS,
        what="the backend is scraped",
    )

    way.lose_backend()
    stored = seconds_until(lambda: way.stored("BackendDown", "firing"), "BackendDown is stored")
    told = stored + seconds_until(lambda: statuses(way) >= {"firing"}, "people are told")
    print(f"BackendDown, for: 2m: stored after {stored:.0f} s, people after {told:.0f} s")  # noqa: T201  # the measurement

    way.scrape_backend()
    seconds_until(lambda: way.stored("BackendDown", "resolved"), "its end is stored")
    seconds_until(lambda: statuses(way) == {"firing", "resolved"}, "people hear of its end")
    assert way.direct.told(DIRECT_PATH) == {"BackendDown"}


def statuses(way: Way) -> set[str]:
    return {alert["status"] for alert in way.direct.alerts(DIRECT_PATH)}
