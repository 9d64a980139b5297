"""Prometheus finds the catalog's services through the backend, and they cannot pass for others."""

import ipaddress
import re
from urllib.parse import urlsplit

import pytest

from backend import bootstrap
from backend.app import create_app
from backend.auth.principal import Scope
from backend.catalog.scraping import MAX_LABEL_VALUE, MAX_LABELS, RESERVED_LABELS
from infra import naming, versions
from infra.monitoring.catalog_scrape import FOREIGN_LABELS, JOB, SERIES_KIB
from tests.contract.test_monitoring import INGRESS_OF_MONITORING, assert_shared
from tests.support.backend_release import rendered_backend
from tests.support.chart import Tree, check_shape
from tests.support.operator_kinds import check_operator_shape
from tests.support.plan import inputs_of, plan_of
from tests.support.rules import alerts_of
from tests.support.settings import make_settings
from tests.support.third_party import rendered

stacks = pytest.mark.parametrize("stack", ["dev", "prod"])


def scrape_config(stack: str) -> Tree:
    config = inputs_of(plan_of(stack), "observability-catalog")
    return {name: value for name, value in config.items() if name != "__fieldManager"}


def discovery(stack: str) -> Tree:
    [one] = scrape_config(stack)["spec"]["httpSDConfigs"]
    found: Tree = one
    return found


@stacks
def test_the_scrape_config_is_one_that_the_operator_knows_and_prometheus_takes(stack: str) -> None:
    config = scrape_config(stack)
    check_operator_shape(config)
    assert config["metadata"]["namespace"] == naming.MONITORING_NAMESPACE
    waits = plan_of(stack).waits_for("observability-catalog")
    assert {"observability-prometheus-operator-crds", "observability-prometheus-backend"} <= waits


@stacks
def test_prometheus_asks_the_backends_service_for_targets(stack: str) -> None:
    url = urlsplit(discovery(stack)["url"])
    service = rendered_backend(stack)["Service", naming.RELEASE]
    assert url.hostname == f"{naming.RELEASE}.{naming.NAMESPACE}.svc.cluster.local"
    assert url.port in {port["port"] for port in service["spec"]["ports"]}
    assert "get" in create_app(make_settings()).openapi()["paths"][url.path]
    [ingress] = rendered_backend(stack)["NetworkPolicy", "backend-api"]["spec"]["ingress"]
    assert INGRESS_OF_MONITORING in ingress["from"]
    assert ingress["ports"] == [{"port": "http", "protocol": "TCP"}]


@stacks
def test_the_token_that_prometheus_shows_is_the_one_that_the_migration_stores(stack: str) -> None:
    authorization = discovery(stack)["authorization"]
    token = naming.DISCOVERY_TOKEN
    assert authorization["type"] == "Bearer"
    assert authorization["credentials"] == {"name": token.secret, "key": token.key}
    secret = inputs_of(plan_of(stack), f"observability-{token.secret}")
    assert secret["metadata"]["name"] == token.secret
    # The operator reads a Secret in the namespace of the ScrapeConfig.
    assert secret["metadata"]["namespace"] == scrape_config(stack)["metadata"]["namespace"]
    assert_shared(token, stack)
    scopes = {kind.setting: kind.scope for kind in bootstrap.TOKENS}
    assert scopes["discovery_token_file"] == Scope.DISCOVER


@stacks
def test_targets_get_no_token_and_lead_nowhere_else(stack: str) -> None:
    spec = scrape_config(stack)["spec"]
    assert not {"authorization", "basicAuth", "oauth2", "tlsConfig"} & spec.keys()
    assert discovery(stack)["followRedirects"] is False


@stacks
def test_all_targets_at_their_limit_fit_what_prometheus_is_promised(stack: str) -> None:
    spec = scrape_config(stack)["spec"]
    prometheus = rendered(versions.PROMETHEUS_STACK_CHART, stack)["Prometheus", "kps"]["spec"]
    promised = int(prometheus["resources"]["requests"]["memory"].removesuffix("Mi"))
    most_mib = spec["targetLimit"] * spec["sampleLimit"] * SERIES_KIB / 1024
    assert 0.9 * promised < most_mib <= promised


@stacks
def test_what_the_backend_lets_through_stays_below_the_limits(stack: str) -> None:
    spec = scrape_config(stack)["spec"]
    ours = {"job", "instance", "service"}
    assert spec["labelLimit"] >= MAX_LABELS + len(ours) + 10, "and labels of the metric itself"
    assert spec["labelValueLengthLimit"] >= max(MAX_LABEL_VALUE, len("a" * 259))


def test_backend_and_prometheus_refuse_the_same_labels() -> None:
    # The slug becomes `service` in the backend, and `job` is set by a rule of its own.
    assert {*FOREIGN_LABELS, "job", "service"} == set(RESERVED_LABELS)


@stacks
def test_no_rule_of_the_platform_counts_the_catalogs_targets_as_its_own(stack: str) -> None:
    named = re.compile(r'job="([^"]+)"')
    rules = [
        *rendered(versions.PROMETHEUS_STACK_CHART, stack).of_kind("PrometheusRule"),
        rendered_backend(stack)["PrometheusRule", "backend"],
    ]
    jobs = {job for rule in rules for job in named.findall(str(rule["spec"]))}
    assert {"backend", "kubelet"} <= jobs, "guard: the pattern finds something"
    assert JOB not in jobs


@stacks
def test_discovery_that_fails_and_limits_that_are_hit_are_alerts(stack: str) -> None:
    rules = rendered(versions.PROMETHEUS_STACK_CHART, stack).of_kind("PrometheusRule")
    alerts = {rule["alert"] for rule in alerts_of(item["spec"] for item in rules)}
    hit = {f"Prometheus{what}LimitHit" for what in ("Target", "Label", "ScrapeSample")}
    assert {*hit, "PrometheusScrapeBodySizeLimitHit", "PrometheusSDRefreshFailure"} <= alerts


@stacks
def test_prometheus_reaches_everything_but_credentials_and_the_database(stack: str) -> None:
    policy = inputs_of(plan_of(stack), "observability-prometheus-egress")
    check_shape({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", **policy}, "1.36")
    service = rendered(versions.PROMETHEUS_STACK_CHART, stack)["Service", "kps-prometheus"]
    assert policy["spec"]["podSelector"]["matchLabels"] == service["spec"]["selector"]
    assert policy["spec"]["policyTypes"] == ["Egress"]
    [rule] = policy["spec"]["egress"]
    [to] = rule["to"]
    closed = [ipaddress.ip_network(cidr) for cidr in to["ipBlock"]["except"]]

    def reached(address: str) -> bool:
        return not any(ipaddress.ip_address(address) in network for network in closed)

    assert to["ipBlock"]["cidr"] == "0.0.0.0/0"
    assert "ports" not in rule
    assert reached("10.0.11.17")
    assert reached("172.20.0.10")
    for credentials in ("169.254.169.254", "169.254.170.23"):
        assert not reached(credentials)
    assert not reached("10.0.21.5")
    assert not reached("10.0.22.5")
