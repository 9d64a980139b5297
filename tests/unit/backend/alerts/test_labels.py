"""Which label names the service, and what is promoted."""

import pytest

from backend.alerts.labels import promoted, service_of


@pytest.mark.parametrize(
    ("labels", "service"),
    [
        ({"service": "a", "app.kubernetes.io/name": "b", "app": "c"}, "a"),
        ({"app.kubernetes.io/name": "b", "app_kubernetes_io_name": "x", "app": "c"}, "b"),
        ({"app_kubernetes_io_name": "b", "app": "c"}, "b"),
        ({"service.name": "b", "app.kubernetes.io/name": "c"}, "b"),
        ({"service_name": "b", "app": "c"}, "b"),
        ({"label_app_kubernetes_io_name": "b", "app": "c"}, "b"),
        ({"app": "c", "application": "d"}, "c"),
        ({"application": "d"}, "d"),
        ({"service": "", "app": "c"}, "c"),
        ({"job": "node-exporter", "namespace": "shop"}, ""),
        ({}, ""),
    ],
)
def test_the_first_label_with_a_value_names_the_service(
    labels: dict[str, str], service: str
) -> None:
    assert service_of(labels) == service


def test_promoted_labels_fit_an_index_and_empty_ones_are_none() -> None:
    assert promoted({"severity": "x" * 300}, "severity") == "x" * 255
    assert promoted({"severity": ""}, "severity") == promoted({}, "severity") == ""
