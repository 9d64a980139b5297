"""Prometheus with Alertmanager and Grafana, and what comes with them: kube-prometheus-stack. Pure.

The values are chart_values/kube-prometheus-stack.yaml and what the settings and AWS add.
"""

from infra import versions
from infra.config.observability import MetricsOptions, ObservabilityOptions
from infra.naming import PROMETHEUS_RELEASE
from infra.third_party import alertmanager, grafana
from infra.third_party.charts import chart_values, merged
from infra.third_party.pods import Pods, Workload, of_release, volume_claim

NAME, PORT = "prometheus", 9090
# The operator gives Prometheus' pods these labels.
POD_LABELS = {
    "app.kubernetes.io/name": "prometheus",
    "operator.prometheus.io/name": PROMETHEUS_RELEASE,
}
# The reloader of the configuration, beside Prometheus and beside Alertmanager.
RELOADER_PORT, RELOADER_MEMORY = 8080, 24
OPERATOR_PORT, KUBE_STATE_METRICS_PORT = 10250, 8080
OPERATOR = Pods(
    "operator",
    Workload("kps-operator", 20, 64, surge=1),
    {"app": "kube-prometheus-stack-operator", "release": PROMETHEUS_RELEASE},
)
KUBE_STATE_METRICS = Pods(
    "kube-state-metrics",
    Workload("kps-kube-state-metrics", 10, 40, surge=1),
    of_release("kube-state-metrics", PROMETHEUS_RELEASE),
)
NODE_EXPORTER = Pods(
    "node-exporter", Workload("kps-prometheus-node-exporter", 10, 24, per_node=True)
)
# Share of the volume; the rest is for the write-ahead log and compaction.
METRICS_SHARE_PERCENT = 70
# Prometheus may use more than its request while a query runs.
MEMORY_LIMIT_FACTOR = 2


def pods(options: MetricsOptions) -> Pods:
    """Return Prometheus' own pod, whose memory is a setting."""
    return Pods(
        NAME, Workload("kps-prometheus", 155, options.memory_mb + RELOADER_MEMORY), POD_LABELS
    )


def prometheus_values(
    options: ObservabilityOptions, *, cluster: str, region: str, topic_arn: object
) -> dict[str, object]:
    """Values of kube-prometheus-stack. AWS creates the topic; it is placed unchanged."""
    notifications = options.notifications
    place = {
        "prometheus": {"prometheusSpec": _prometheus(options, cluster)},
        "alertmanager": {
            "config": alertmanager.alertmanager_config(
                notifications, topic_arn=topic_arn, region=region
            ),
            "alertmanagerSpec": {
                "secrets": alertmanager.mounted_secrets(notifications),
                "storage": _claim(options, 1),
            },
        },
        "grafana": grafana.grafana_values(options),
    }
    return merged(chart_values(versions.PROMETHEUS_STACK_CHART), place)


def _prometheus(options: ObservabilityOptions, cluster: str) -> dict[str, object]:
    metrics = options.metrics
    return {
        "retention": f"{metrics.retention_days}d",
        "retentionSize": f"{metrics.storage_gb * METRICS_SHARE_PERCENT // 100}GB",
        "externalLabels": {"cluster": cluster},
        "resources": {
            "requests": {"cpu": "150m", "memory": f"{metrics.memory_mb}Mi"},
            "limits": {"memory": f"{metrics.memory_mb * MEMORY_LIMIT_FACTOR}Mi"},
        },
        "storageSpec": _claim(options, metrics.storage_gb),
    }


def _claim(options: ObservabilityOptions, gigabytes: int) -> dict[str, object]:
    return {"volumeClaimTemplate": {"spec": volume_claim(options.storage_class, gigabytes)}}
