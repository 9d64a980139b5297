"""The exporter of the database's metrics: someone else's program, with the owner's password."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.chart import CHART, Tree, ci_values, merged, render

_ON: Tree = {"databaseExporter": {"enabled": True}}
_NAME = "backend-exporter"


def _deployment(changes: Tree | None = None) -> Tree:
    values = merged(merged(ci_values(), _ON), changes or {})
    spec: Tree = render(values)["Deployment", _NAME]["spec"]
    return spec


def _container(changes: Tree | None = None) -> Tree:
    [container] = _deployment(changes)["template"]["spec"]["containers"]
    found: Tree = container
    return found


def _environment(changes: Tree | None = None) -> dict[str, str]:
    return {variable["name"]: variable["value"] for variable in _container(changes)["env"]}


def _source(changes: Tree | None = None) -> tuple[str, dict[str, list[str]]]:
    url = urlsplit("postgresql://" + _environment(changes)["DATA_SOURCE_URI"])
    return f"{url.netloc}{url.path}", parse_qs(url.query)


def test_it_is_off_until_asked_for() -> None:
    assert not [key for key in render(ci_values()).objects if key[1] == _NAME]


def test_the_password_comes_from_a_file_and_from_nowhere_else() -> None:
    environment = _environment()
    assert environment["DATA_SOURCE_PASS_FILE"] == "/etc/backend/database/password"
    assert environment.keys() == {"DATA_SOURCE_URI", "DATA_SOURCE_USER", "DATA_SOURCE_PASS_FILE"}
    assert "@" not in environment["DATA_SOURCE_URI"]
    [volume] = [v for v in _deployment()["template"]["spec"]["volumes"] if "secret" in v]
    assert volume["secret"]["items"] == [{"key": "password", "path": "password"}]


def test_it_connects_to_the_backends_database_as_the_backend_does() -> None:
    place, options = _source({"database": {"name": "with space", "port": 6543}})
    assert place == "database.example.internal:6543/with+space"
    assert _environment()["DATA_SOURCE_USER"] == "backend"
    assert options["sslmode"] == ["require"]
    assert _source({"database": {"sslMode": "verify-full"}})[1]["sslmode"] == ["verify-full"]


def test_a_database_that_does_not_answer_is_reported_within_the_scrape() -> None:
    """Prometheus gives up after 10 s, and then says nothing of the database."""
    _, options = _source()
    retry = 1
    assert int(options["connect_timeout"][0]) * 2 + retry < 10
    assert int(options["statement_timeout"][0]) < 8000
    assert "--collection-timeout=8s" in _container()["args"]


def test_no_series_for_a_table_or_a_query_and_nothing_that_needs_a_superuser() -> None:
    off = {a.removeprefix("--no-collector.") for a in _container()["args"] if "--no-coll" in a}
    assert {"stat_user_tables", "statio_user_tables", "wal"} <= off
    assert not [argument for argument in _container()["args"] if "stat_statements" in argument]


@pytest.mark.parametrize(
    ("image", "reference"),
    [
        ({}, "quay.io/prometheuscommunity/postgres-exporter:v0.20.1"),
        ({"image": {"repository": "mirror/exporter", "tag": "v1"}}, "mirror/exporter:v1"),
    ],
    ids=["the version that the chart was made for", "another"],
)
def test_its_image_is_pinned(image: Tree, reference: str) -> None:
    assert _container({"databaseExporter": image})["image"] == reference


def test_a_new_password_restarts_it_and_nothing_else() -> None:
    before, after = (
        render(merged(merged(ci_values("production"), _ON), {"databaseExporter": generation}))
        for generation in ({"generation": "1"}, {"generation": "2"})
    )
    changed = {key for key, pod in before.pods() if pod != dict(after.pods())[key]}
    assert changed == {("Deployment", _NAME)}


def test_a_setting_of_the_backend_does_not_restart_it() -> None:
    assert _deployment() == _deployment({"config": {"logLevel": "debug"}})


def test_there_are_never_two() -> None:
    spec = _deployment()
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def test_its_life_does_not_depend_on_the_database() -> None:
    assert _container()["livenessProbe"]["httpGet"] == {"path": "/", "port": "metrics"}
    assert "readinessProbe" not in _container()


def test_prometheus_alone_comes_in_and_the_way_out_leads_to_the_database_alone() -> None:
    rendered = render(ci_values("production"))
    policy = rendered["NetworkPolicy", _NAME]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    [ingress] = policy["ingress"]
    assert ingress == {
        "ports": [{"port": "metrics", "protocol": "TCP"}],
        "from": [
            {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}},
                "podSelector": {"matchLabels": {"app.kubernetes.io/name": "prometheus"}},
            }
        ],
    }
    everyones = rendered["NetworkPolicy", "backend"]["spec"]["egress"]
    names, database = policy["egress"]
    assert [names, database] == everyones[:2]
    assert [port["port"] for port in database["ports"]] == [5432]


def test_its_job_does_not_depend_on_the_releases_name() -> None:
    values = ci_values("production")
    monitor = render(values, release="blue")["PodMonitor", "blue-exporter"]["spec"]
    assert monitor["jobLabel"] == "app.kubernetes.io/component"
    label = monitor["selector"]["matchLabels"]["app.kubernetes.io/component"]
    assert label == "database-exporter"


def test_without_monitors_there_is_none_of_it() -> None:
    kinds = {kind for kind, name in render(merged(ci_values(), _ON)).objects if name == _NAME}
    assert kinds == {"Deployment", "NetworkPolicy"}


def test_its_template_says_which_version_the_metric_list_is_of() -> None:
    path = CHART.parents[1] / "tests/contract/metric_lists/postgres_exporter.txt"
    version = _container()["image"].rpartition(":")[2]
    assert path.read_text().startswith(f"# postgres_exporter {version} ")
