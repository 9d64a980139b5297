"""The exporter of the database's metrics: someone else's program, with the owner's password."""

from urllib.parse import parse_qs, urlsplit

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


def test_a_new_password_restarts_it_and_nothing_else() -> None:
    before, after = (
        render(merged(merged(ci_values("production"), _ON), {"databaseExporter": generation}))
        for generation in ({"generation": "1"}, {"generation": "2"})
    )
    changed = {key for key, pod in before.pods() if pod != dict(after.pods())[key]}
    assert changed == {("Deployment", _NAME)}


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


def test_its_template_says_which_version_the_metric_list_is_of() -> None:
    path = CHART.parents[1] / "tests/contract/metric_lists/postgres_exporter.txt"
    version = _container()["image"].rpartition(":")[2]
    assert path.read_text().startswith(f"# postgres_exporter {version} ")
