"""Jaeger keeps the traces that the backend sends it, on a volume. Pure."""

from infra import versions
from infra.config.observability import ObservabilityOptions
from infra.third_party.charts import chart_values, content_hash, merged
from infra.third_party.pods import Pods, Workload, of_release, volume_claim

NAME = "jaeger"
OTLP_HTTP_PORT, QUERY_PORT, METRICS_PORT = 4318, 16686, 8888
PODS = Pods(NAME, Workload("jaeger", 30, 160), of_release(NAME, NAME))


def jaeger_values(options: ObservabilityOptions) -> dict[str, object]:
    """Values of jaeger, with the volume and the ServiceMonitor that the chart lacks."""
    traces = options.traces
    lifetime = {"main": {"badger": {"ttl": {"spans": f"{traces.retention_hours}h"}}}}
    place = {
        "jaeger": {"image": {"tag": traces.version}},
        "userconfig": {"extensions": {"jaeger_storage": {"backends": lifetime}}},
        "extraObjects": [_badger_volume(options), _service_monitor()],
    }
    values = merged(chart_values(versions.JAEGER_CHART), place)
    # The chart mounts its configuration by subPath without a checksum. This label restarts pods
    # when the configuration changes.
    label = {"jaeger": {"podLabels": {"config-hash": content_hash(values["userconfig"])}}}
    return merged(values, label)


def _badger_volume(options: ObservabilityOptions) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "jaeger-badger", "labels": {"app.kubernetes.io/name": NAME}},
        "spec": volume_claim(options.storage_class, options.traces.storage_gb),
    }


def _service_monitor() -> dict[str, object]:
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": {"name": NAME},
        "spec": {
            "selector": {"matchLabels": dict(PODS.labels)},
            "endpoints": [{"port": "internal-metrics", "interval": "60s"}],
        },
    }
