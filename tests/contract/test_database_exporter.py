"""A real exporter, a real PostgreSQL and a real Prometheus between the chart and the rules.

The exporter is Debian's, which is years older than the one that the chart installs: flags that it
does not know are left out, and which metrics the two do not share is written down here.
"""

import asyncio
import os
import re
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.request import urlopen

import asyncpg
import pytest
import yaml

from infra.monitoring.platform_rules import rule_groups
from infra.settings import parse_options
from tests.support.chart import Tree, ci_values, merged, render
from tests.support.metric_lists import metric_lists
from tests.support.plan import stack_values
from tests.support.polling import wait_for
from tests.support.ports import free_port
from tests.support.postgres import DEBIAN_15, SUPERUSER, Server, running_server
from tests.support.prometheus import Prometheus, running_prometheus
from tests.support.tools import require_tool

OWNER = "observability"
PASSWORD = "a-password"
MAX_CONNECTIONS, RESERVED = 30, 3
# Prometheus' own, which the PodMonitor leaves as it is.
SCRAPE_TIMEOUT = 10
# Collectors of their own since, or of a PostgreSQL that is newer than production's.
ONLY_NEWER = {
    "pg_database_connection_limit",
    "pg_postmaster_start_time_seconds",
    "pg_settings_reserved_connections",
    "pg_stat_database_active_time_seconds_total",
    "process_network_receive_bytes_total",
    "process_network_transmit_bytes_total",
}
ONLY_OLDER = {
    "pg_stat_database_active_time",
    "pg_stat_database_checksum_failures",
    "pg_stat_database_checksum_last_failure",
    "pg_stat_database_idle_in_transaction_time",
    "pg_stat_database_session_time",
    "pg_stat_database_sessions",
    "pg_stat_database_sessions_abandoned",
    "pg_stat_database_sessions_fatal",
    "pg_stat_database_sessions_killed",
}


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def server(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """As RDS: nothing but TLS, a full name and an owner who is no superuser."""
    if not (DEBIAN_15 / "postgres").exists():
        pytest.skip("no PostgreSQL with TLS: run `apt-get install postgresql-15`")
    files = tmp_path_factory.mktemp("tls")
    subprocess.run(  # noqa: S603  a command of ours
        ["/usr/bin/openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-keyout", files / "key.pem", "-out", files / "cert.pem"],
        check=True,
        capture_output=True,
    )  # fmt: skip
    options = {"listen_addresses": "127.0.0.1", "max_connections": str(MAX_CONNECTIONS)}
    with running_server("15", port=str(port), **options) as started:
        for statement in (
            f"CREATE ROLE {OWNER} LOGIN CREATEDB CREATEROLE PASSWORD '{PASSWORD}'",
            f"CREATE DATABASE {OWNER} OWNER {OWNER}",
        ):
            asyncio.run(administer(started, port, statement))
        started.stop()
        started.use_tls(files / "cert.pem", files / "key.pem")
        (started.data / "pg_hba.conf").write_text(
            "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n"
        )
        started.start()
        yield started


async def administer(server: Server, port: int, statement: str) -> None:
    connection = await asyncpg.connect(
        host=str(server.socket_directory), port=port, user=SUPERUSER, database="postgres"
    )
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def chart(port: int) -> Tree:
    """Render what the chart installs, for the database of this machine."""
    database = {"host": "127.0.0.1", "port": port, "name": OWNER, "user": OWNER}
    values = merged(ci_values(), {"database": database, "serviceMonitor": {"enabled": True}})
    rendered = render(merged(values, {"databaseExporter": {"enabled": True}}))
    [container] = rendered["Deployment", "backend-exporter"]["spec"]["template"]["spec"][
        "containers"
    ]
    [endpoint] = rendered["PodMonitor", "backend-exporter"]["spec"]["podMetricsEndpoints"]
    return {"container": container, "relabelings": endpoint["metricRelabelings"]}


@contextmanager
def running(command: list[str], log: Path, **environment: str) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  Debian's programs, with our arguments
            command, stdout=output, stderr=subprocess.STDOUT, env=os.environ | environment
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


def answer_of(url: str) -> str:
    try:
        with urlopen(url, timeout=10) as answer:  # noqa: S310  our own server
            text: str = answer.read().decode()
    except OSError:
        return ""
    return text


@pytest.fixture(scope="module")
def exporter(
    server: Server, chart: Tree, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    assert server.data.exists()
    directory = tmp_path_factory.mktemp("exporter")
    (directory / "password").write_text(f"{PASSWORD}\n")
    with exporting(chart, directory) as address:
        yield address
    assert PASSWORD not in (directory / "log").read_text()


@contextmanager
def exporting(chart: Tree, directory: Path) -> Iterator[str]:
    """Run it with the chart's arguments and environment; yield its address."""
    program = require_tool("prometheus-postgres-exporter", package="prometheus-postgres-exporter")
    environment = {variable["name"]: variable["value"] for variable in chart["container"]["env"]}
    environment["DATA_SOURCE_PASS_FILE"] = str(directory / "password")
    help_text = subprocess.run(  # noqa: S603  Debian's program
        [program, "--help"], capture_output=True, text=True, check=False
    )
    known = set(re.findall(r"--[\w.-]+", help_text.stdout + help_text.stderr))
    flags = (argument.partition("=") for argument in chart["container"]["args"])
    arguments = ["".join(f) for f in flags if f[0] in known - {"--web.listen-address"}]
    address = f"127.0.0.1:{free_port()}"
    command = [program, *arguments, f"--web.listen-address={address}"]
    with running(command, directory / "log", **environment):
        wait_for(lambda: answer_of(f"http://{address}/"), seconds=20, what="the exporter answers")
        yield address


def scraped(address: str) -> dict[str, list[float]]:
    """Return the values of all series, by the metric's name as it is spelt."""
    lines = answer_of(f"http://{address}/metrics").splitlines()
    samples: dict[str, list[float]] = {}
    for line in lines:
        if line and not line.startswith("#"):
            name, value = line.partition("{")[0].split(" ")[0], line.rpartition(" ")[2]
            samples.setdefault(name, []).append(float(value))
    return samples


def test_it_reads_the_database_over_tls_with_the_owners_rights(exporter: str) -> None:
    samples = scraped(exporter)
    assert samples["pg_up"] == [1]
    assert samples["pg_exporter_last_scrape_error"] == [0]
    assert set(samples["pg_scrape_collector_success"]) == {1}
    assert samples["pg_settings_max_connections"] == [MAX_CONNECTIONS]


def test_what_prometheus_keeps_of_it_is_the_list(exporter: str, chart: Tree) -> None:
    [relabeling] = chart["relabelings"]
    assert relabeling["action"] == "keep"
    keep = re.compile(relabeling["regex"])
    listed = metric_lists()["postgres_exporter"]
    assert [name for name in listed if not keep.fullmatch(name)] == []
    kept = {name for name in scraped(exporter) if keep.fullmatch(name)}
    assert kept - listed == ONLY_OLDER
    assert listed - kept == ONLY_NEWER


def test_few_series_are_left(exporter: str, chart: Tree) -> None:
    """Hundreds of settings and the Go runtime are most of what it says."""
    keep = re.compile(chart["relabelings"][0]["regex"])
    samples = scraped(exporter)
    left = sum(len(series) for name, series in samples.items() if keep.fullmatch(name))
    assert left < 400 < sum(map(len, samples.values()))


@pytest.fixture(scope="module")
def prometheus(
    exporter: str, chart: Tree, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    """Run it with the platform's rules, which wait for nothing here."""
    directory = tmp_path_factory.mktemp("prometheus")
    groups = rule_groups(parse_options(stack_values("dev"), "test"))
    (directory / "rules.yml").write_text(yaml.safe_dump({"groups": [at_once(g) for g in groups]}))
    labels = {"namespace": "observability", "pod": "exporter"}
    job = {
        "job_name": "database-exporter",
        "static_configs": [{"targets": [exporter], "labels": labels}],
        "metric_relabel_configs": [
            {
                "action": relabeling["action"],
                "source_labels": relabeling["sourceLabels"],
                "regex": relabeling["regex"],
            }
            for relabeling in chart["relabelings"]
        ],
    }
    config = {
        "global": dict.fromkeys(("scrape_interval", "scrape_timeout", "evaluation_interval"), "1s"),
        "rule_files": [str(directory / "rules.yml")],
        "scrape_configs": [job],
    }
    with running_prometheus(config, directory) as started:
        yield started


def firing(prometheus: Prometheus) -> set[tuple[str, str]]:
    """Name and severity of every alert that fires."""
    series = prometheus.query('ALERTS{alertstate="firing"}')
    return {(one["metric"]["alertname"], one["metric"]["severity"]) for one in series}


def at_once(group: Tree) -> Tree:
    """Leave out how often a group is evaluated and how long its alerts wait."""
    rules = [{key: value for key, value in rule.items() if key != "for"} for rule in group["rules"]]
    return {"name": group["name"], "rules": rules}


@asynccontextmanager
async def connections(port: int, number: int) -> AsyncIterator[None]:
    opened = [
        await asyncpg.connect(
            host="127.0.0.1", port=port, user=OWNER, password=PASSWORD, database=OWNER,
            ssl="require",
        )
        for _ in range(number)
    ]  # fmt: skip
    try:
        yield
    finally:
        for connection in opened:
            await connection.close()


async def seen(what: str, is_so: Callable[[], bool]) -> None:
    await asyncio.to_thread(wait_for, is_so, seconds=30, what=what)


@pytest.mark.timeout(180)
async def test_connections_that_run_out_are_an_alert_and_then_no_more(
    prometheus: Prometheus, port: int
) -> None:
    high = {("DatabaseConnectionsHigh", severity) for severity in ("warning", "critical")}
    await seen("quiet", lambda: not firing(prometheus))
    usable = MAX_CONNECTIONS - RESERVED
    # The exporter has two itself.
    async with connections(port, usable - 2 - 4):
        warning = {("DatabaseConnectionsHigh", "warning")}
        await seen("a warning", lambda: firing(prometheus) == warning)
    async with connections(port, usable - 2 - 1):
        await seen("both", lambda: high <= firing(prometheus))
    await seen("quiet again", lambda: not firing(prometheus))


def test_of_a_database_that_is_away_it_says_so_before_prometheus_gives_up(
    exporter: str, server: Server
) -> None:
    """Ten seconds. Later, `pg_up` would be missing, and not 0."""
    # Not immediately: this server keeps nothing that is newer than a moment, a password neither.
    server.stop()
    try:
        began = time.monotonic()
        samples = scraped(exporter)
        assert time.monotonic() - began < SCRAPE_TIMEOUT
    finally:
        server.start()
    assert samples["pg_up"] == [0]
    assert "pg_stat_database_numbackends" not in samples
    assert scraped(exporter)["pg_up"] == [1]


async def test_a_new_password_is_taken_by_a_restart_and_by_nothing_else(
    server: Server, chart: Tree, port: int, tmp_path: Path
) -> None:
    """Hence the chart's `databaseExporter.generation`."""
    (tmp_path / "password").write_text(PASSWORD)

    def is_up(address: str) -> bool:
        return scraped(address)["pg_up"] == [1]

    # Not those of the exporter that the other tests look at: it would have to come back first.
    since = f"usename = '{OWNER}' AND backend_start > to_timestamp({time.time()})"
    end = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {since}"  # noqa: S608
    try:
        with exporting(chart, tmp_path) as address:
            assert await asyncio.to_thread(is_up, address)
            await administer(server, port, f"ALTER ROLE {OWNER} PASSWORD 'another'")
            (tmp_path / "password").write_text("another")
            await administer(server, port, end)
            assert not await asyncio.to_thread(is_up, address)
        with exporting(chart, tmp_path) as address:
            assert await asyncio.to_thread(is_up, address)
    finally:
        await administer(server, port, f"ALTER ROLE {OWNER} PASSWORD '{PASSWORD}'")
