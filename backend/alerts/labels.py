"""Promoted labels: copies in columns of their own, for filters and grouping."""

from collections.abc import Mapping

from backend.alerts.intake.limits import MAX_PROMOTED_CHARACTERS

# The first label that has a value names the service. `service` is what our own rules set;
# OpenTelemetry's resource attribute follows (as it is, and as Prometheus escapes it), then the
# recommended Kubernetes labels (as Kubernetes writes them, and as Prometheus' relabelling and
# kube-state-metrics do), then the habits of older rules.
SERVICE_LABELS = (
    "service",
    "service.name",
    "service_name",
    "app.kubernetes.io/name",
    "app_kubernetes_io_name",
    "label_app_kubernetes_io_name",
    "app",
    "application",
)


def promoted(labels: Mapping[str, str], name: str) -> str:
    """Return the label, cut to what an index holds; an empty one is none, as in Prometheus."""
    return labels.get(name, "")[:MAX_PROMOTED_CHARACTERS]


def service_of(labels: Mapping[str, str]) -> str:
    """Return the name of the service, or an empty text when no label has one."""
    for name in SERVICE_LABELS:
        if value := labels.get(name):
            return value[:MAX_PROMOTED_CHARACTERS]
    return ""
