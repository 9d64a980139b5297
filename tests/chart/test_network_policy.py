"""Who may talk with whom: exactly this."""

from tests.support.chart import Tree, ci_values, merged, render

_DNS = {
    "to": [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
        }
    ],
    "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}],
}


def _component(name: str) -> Tree:
    labels = {
        "app.kubernetes.io/name": "backend",
        "app.kubernetes.io/instance": "backend",
        "app.kubernetes.io/component": name,
    }
    return {"podSelector": {"matchLabels": labels}}


def _namespace(name: str) -> Tree:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def _spec(name: str, changes: Tree | None = None, *, case: str = "default") -> Tree:
    spec: Tree = render(merged(ci_values(case), changes or {}))["NetworkPolicy", name]["spec"]
    return spec


def test_nothing_comes_in_that_no_policy_adds() -> None:
    spec = _spec("backend")
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in spec


def test_the_api_takes_requests_from_the_load_balancer_monitoring_and_the_test() -> None:
    assert _spec("backend-api")["ingress"] == [
        {
            "ports": [{"port": "http", "protocol": "TCP"}],
            "from": [
                {"ipBlock": {"cidr": "10.0.1.0/24"}},
                {"ipBlock": {"cidr": "10.0.2.0/24"}},
                _namespace("monitoring"),
                _component("test"),
            ],
        }
    ]


def test_the_worker_takes_requests_from_monitoring_alone() -> None:
    assert _spec("backend-worker")["ingress"] == [
        {"ports": [{"port": "http", "protocol": "TCP"}], "from": [_namespace("monitoring")]}
    ]


def test_an_empty_monitoring_namespace_is_the_releases_own() -> None:
    spec = _spec("backend-worker", {"networkPolicy": {"monitoringNamespace": ""}})
    assert spec["ingress"][0]["from"] == [_namespace("observability")]


def test_pods_reach_names_the_database_and_each_other() -> None:
    assert _spec("backend")["egress"] == [
        _DNS,
        {"ports": [{"port": 5432, "protocol": "TCP"}]},
        {"ports": [{"port": "http", "protocol": "TCP"}], "to": [_component("api")]},
    ]


def test_in_production_they_reach_the_databases_subnets_the_collector_and_what_is_added() -> None:
    assert _spec("backend", case="production")["egress"] == [
        _DNS,
        {
            "ports": [{"port": 5432, "protocol": "TCP"}],
            "to": [{"ipBlock": {"cidr": "10.0.21.0/24"}}, {"ipBlock": {"cidr": "10.0.22.0/24"}}],
        },
        {"ports": [{"port": 4318, "protocol": "TCP"}], "to": [{"namespaceSelector": {}}]},
        {"ports": [{"port": "http", "protocol": "TCP"}], "to": [_component("api")]},
        {"ports": [{"port": 9093, "protocol": "TCP"}], "to": [_namespace("monitoring")]},
    ]


def test_the_databases_port_is_the_one_that_pods_use() -> None:
    assert _spec("backend", {"database": {"port": 6543}})["egress"][1]["ports"] == [
        {"port": 6543, "protocol": "TCP"}
    ]


def test_the_collectors_port_is_the_endpoints() -> None:
    spec = _spec(
        "backend", {"config": {"otlpEndpoint": "https://collector.monitoring.svc:4319/base"}}
    )
    assert spec["egress"][2]["ports"] == [{"port": 4319, "protocol": "TCP"}]
