"""What each supported combination of values installs: exactly these objects."""

import re

import pytest

from tests.support.chart import CHART, CI_FILES, Key, Tree, ci_values, load, merged, render

_ALWAYS: set[Key] = {
    ("Deployment", "backend"),
    ("Deployment", "backend-worker"),
    ("Service", "backend"),
    ("ConfigMap", "backend"),
    ("Pod", "backend-test"),
}
_USUAL: set[Key] = _ALWAYS | {
    ("Job", "backend-migrate"),
    ("ServiceAccount", "backend"),
    ("PodDisruptionBudget", "backend"),
    ("NetworkPolicy", "backend"),
    ("NetworkPolicy", "backend-api"),
    ("NetworkPolicy", "backend-worker"),
}
_EXPECTED: dict[str, set[Key]] = {
    "default": _USUAL | {("HorizontalPodAutoscaler", "backend")},
    "fixed-replicas": _USUAL,
    "minimal": {(kind, name.replace("backend", "control-plane")) for kind, name in _ALWAYS},
    "production": _USUAL
    | {
        ("HorizontalPodAutoscaler", "backend"),
        ("ServiceMonitor", "backend"),
        ("PodMonitor", "backend-worker"),
        ("Deployment", "backend-exporter"),
        ("NetworkPolicy", "backend-exporter"),
        ("PodMonitor", "backend-exporter"),
        ("PrometheusRule", "backend"),
        ("ConfigMap", "backend-dashboards"),
    },
}


def test_every_ci_file_is_expected_here() -> None:
    assert {path.name.removesuffix("-values.yaml") for path in CI_FILES} == set(_EXPECTED)


@pytest.mark.parametrize("case", sorted(_EXPECTED))
def test_a_case_installs_exactly_its_objects(case: str) -> None:
    assert set(render(ci_values(case)).objects) == _EXPECTED[case]


def test_the_templates_use_nothing_that_differs_between_renders() -> None:
    # Two renders within a second may agree on the date, and an offline `lookup` is always empty.
    random = re.compile(r"\b(rand\w+|gen\w+Cert\w*|genPrivateKey|uuidv4|now|lookup|htpasswd)\b")
    for template in (CHART / "templates").rglob("*"):
        if template.suffix in {".yaml", ".tpl"}:
            code = " ".join(re.findall(r"\{\{.*?\}\}", template.read_text(), re.DOTALL))
            code = re.sub(r"/\*.*?\*/|\"[^\"]*\"", "", code, flags=re.DOTALL)
            assert not random.findall(code), template.name


@pytest.mark.parametrize("case", sorted(_EXPECTED))
def test_every_object_carries_the_same_labels(case: str) -> None:
    version = load(CHART / "Chart.yaml")["version"]
    for key, item in render(ci_values(case), release="blue").objects.items():
        labels = item["metadata"]["labels"]
        assert labels["app.kubernetes.io/name"] == "backend", key
        assert labels["app.kubernetes.io/instance"] == "blue", key
        assert labels["app.kubernetes.io/managed-by"] == "Helm", key
        assert labels["app.kubernetes.io/part-of"] == "observability-platform", key
        assert labels["helm.sh/chart"] == f"backend-{version}", key
        assert "namespace" not in item["metadata"], "the release's namespace is Helm's to say"


def test_the_version_label_stays_legal_for_the_longest_tag() -> None:
    tag = (
        "v" + "1" * 61 + "-" + "2" * 65
    )  # 128 characters, the limit; cut at 63 it would end in a dash
    labels = render(merged(ci_values(), {"image": {"tag": tag}}))["Service", "backend"]["metadata"][
        "labels"
    ]
    assert labels["app.kubernetes.io/version"] == "v" + "1" * 61


def test_a_long_release_name_leaves_room_for_the_suffixes() -> None:
    names = [name for _, name in render(ci_values("production"), release="r" * 53).objects]
    assert max(len(name) for name in names) <= 63


def test_the_service_is_what_the_target_group_binding_names() -> None:
    service = render(ci_values())["Service", "backend"]
    assert service["spec"]["ports"] == [{"name": "http", "port": 8000, "targetPort": "http"}]


def test_selectors_match_their_pods_and_no_others() -> None:
    rendered = render(ci_values("production"))
    pods = {key: pod["metadata"]["labels"] for key, pod in rendered.pods()}
    api, worker = ("Deployment", "backend"), ("Deployment", "backend-worker")
    exporter = ("Deployment", "backend-exporter")
    expected = {
        ("Deployment", "backend"): {api},
        ("Deployment", "backend-worker"): {worker},
        ("Service", "backend"): {api},
        ("PodDisruptionBudget", "backend"): {api},
        ("NetworkPolicy", "backend"): set(pods) - {exporter},
        ("NetworkPolicy", "backend-api"): {api},
        ("NetworkPolicy", "backend-worker"): {worker},
        ("PodMonitor", "backend-worker"): {worker},
        ("Deployment", "backend-exporter"): {exporter},
        ("NetworkPolicy", "backend-exporter"): {exporter},
        ("PodMonitor", "backend-exporter"): {exporter},
    }
    found = {}
    for key in expected:
        spec = rendered[key]["spec"]
        selector = spec.get("podSelector") or spec["selector"]
        found[key] = {pod for pod, labels in pods.items() if _selects(selector, labels)}
    assert found == expected


def _selects(selector: Tree, labels: Tree) -> bool:
    wanted = selector.get("matchLabels", selector)
    excluded = {
        expression["key"]: expression["values"]
        for expression in selector.get("matchExpressions", [])
        if expression["operator"] == "NotIn"
    }
    assert len(excluded) == len(selector.get("matchExpressions", [])), "only NotIn is understood"
    return wanted.items() <= labels.items() and not any(
        labels.get(key) in values for key, values in excluded.items()
    )


def test_every_port_name_exists_where_it_is_used() -> None:
    rendered = render(ci_values("production"))
    ports = {
        key: {
            port["name"]
            for container in pod["spec"]["containers"]
            for port in container.get("ports", [])
        }
        for key, pod in rendered.pods()
    }
    assert ports["Deployment", "backend"] == ports["Deployment", "backend-worker"] == {"http"}
    assert {p["targetPort"] for p in rendered["Service", "backend"]["spec"]["ports"]} == {"http"}
    assert {p["port"] for p in rendered["ServiceMonitor", "backend"]["spec"]["endpoints"]} == {
        "http"
    }
    for name, port in (("backend-worker", "http"), ("backend-exporter", "metrics")):
        assert port in ports["Deployment", name]
        endpoints = rendered["PodMonitor", name]["spec"]["podMetricsEndpoints"]
        assert {endpoint["port"] for endpoint in endpoints} == {port}


def test_the_notes_say_how_to_reach_it_and_warn_of_what_is_off() -> None:
    assert "WARNING" not in render(ci_values()).notes
    notes = render(ci_values("minimal")).notes
    assert [
        name
        for name in ("networkPolicy.enabled", "database.sslMode", "migrations.enabled")
        if name not in notes
    ] == []
    assert "service/control-plane 8000:8000" in notes
