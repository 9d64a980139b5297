"""The values of the monitoring stack's charts: infra/config/chart_values and the settings. Pure.

What AWS creates (a topic, a bucket) is passed in and placed unchanged.
"""

import hashlib
import json

from infra import naming, versions
from infra.config.charts import chart_values, merged
from infra.config.observability import ObservabilityOptions
from infra.monitoring.alert_routes import alertmanager_config, mounted_secrets
from infra.monitoring.data_sources import data_sources, exemplar_link

# Share of the volume; the rest is for the write-ahead log and compaction.
METRICS_SHARE_PERCENT = 70
# Prometheus may use more than its request while a query runs.
MEMORY_LIMIT_FACTOR = 2
# Loki's schema calendar: add entries, never change one.
SCHEMA_FROM, SCHEMA = "2024-04-01", "v13"
HASH_CHARACTERS = 16


def prometheus_values(
    options: ObservabilityOptions, *, cluster: str, region: str, topic_arn: object
) -> dict[str, object]:
    """Values of kube-prometheus-stack: Prometheus, Alertmanager and Grafana."""
    notifications = options.notifications
    place = {
        "prometheus": {"prometheusSpec": _prometheus(options, cluster)},
        "alertmanager": {
            "config": alertmanager_config(notifications, topic_arn=topic_arn, region=region),
            "alertmanagerSpec": {
                "secrets": mounted_secrets(notifications),
                "storage": _claim(options, 1),
            },
        },
        "grafana": _grafana(options),
    }
    return merged(chart_values(versions.PROMETHEUS_STACK_CHART), place)


def loki_values(options: ObservabilityOptions, *, region: str, bucket: object) -> dict[str, object]:
    """Values of loki, on a volume or in a bucket."""
    logs = options.logs
    days = f"{logs.retention_days * 24}h"
    store = "s3" if logs.object_storage else "filesystem"
    storage: dict[str, object] = {"type": store}
    if logs.object_storage:
        storage |= {
            "bucketNames": {"chunks": bucket, "ruler": bucket},
            "s3": {"region": region},
        }
    period = {
        "from": SCHEMA_FROM,
        "store": "tsdb",
        "object_store": store,
        "schema": SCHEMA,
        "index": {"prefix": "loki_index_", "period": "24h"},
    }
    place = {
        "loki": {
            "storage": storage,
            "schemaConfig": {"configs": [period]},
            "limits_config": {"retention_period": days, "max_query_lookback": days},
            "compactor": {"delete_request_store": store},
        },
        "singleBinary": {
            "persistence": {
                "enabled": True,
                "storageClass": options.storage_class,
                "size": f"{logs.storage_gb}Gi",
            }
        },
    }
    return merged(chart_values(versions.LOKI_CHART), place)


def alloy_values() -> dict[str, object]:
    return chart_values(versions.ALLOY_CHART)


def jaeger_values(options: ObservabilityOptions) -> dict[str, object]:
    """Values of jaeger, with the volume and the ServiceMonitor that the chart lacks."""
    traces = options.traces
    lifetime = {"main": {"badger": {"ttl": {"spans": f"{traces.retention_hours}h"}}}}
    place = {
        "jaeger": {"image": {"tag": traces.version}},
        "userconfig": {"extensions": {"jaeger_storage": {"backends": lifetime}}},
        "extraObjects": [_badger_volume(options), _jaeger_monitor()],
    }
    values = merged(chart_values(versions.JAEGER_CHART), place)
    # The chart mounts its configuration by subPath without a checksum. This label restarts pods
    # when the configuration changes.
    label = {"jaeger": {"podLabels": {"config-hash": _hash(values["userconfig"])}}}
    return merged(values, label)


def opencost_values(*, cluster: str) -> dict[str, object]:
    place = {"opencost": {"exporter": {"defaultClusterId": cluster}}}
    return merged(chart_values(versions.OPENCOST_CHART), place)


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


def _grafana(options: ObservabilityOptions) -> dict[str, object]:
    sources, link = data_sources(options), exemplar_link(options)
    return {
        "persistence": {
            "enabled": True,
            "type": "pvc",
            "storageClassName": options.storage_class,
            "accessModes": ["ReadWriteOnce"],
            "size": f"{options.grafana.storage_gb}Gi",
        },
        "sidecar": {"datasources": {"exemplarTraceIdDestinations": link} if link else {}},
        # An init container reads the data sources, so a change needs a new pod.
        "podAnnotations": {"checksum/datasources": _hash([sources, link])},
        "additionalDataSources": sources,
    }


def _claim(options: ObservabilityOptions, gigabytes: int) -> dict[str, object]:
    return {
        "volumeClaimTemplate": {
            "spec": {
                "storageClassName": options.storage_class,
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": f"{gigabytes}Gi"}},
            }
        }
    }


def _badger_volume(options: ObservabilityOptions) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": "jaeger-badger",
            "labels": {"app.kubernetes.io/name": naming.JAEGER},
        },
        "spec": {
            "storageClassName": options.storage_class,
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": f"{options.traces.storage_gb}Gi"}},
        },
    }


def _jaeger_monitor() -> dict[str, object]:
    labels = {
        "app.kubernetes.io/name": naming.JAEGER,
        "app.kubernetes.io/instance": naming.JAEGER,
    }
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": {"name": naming.JAEGER},
        "spec": {
            "selector": {"matchLabels": labels},
            "endpoints": [{"port": "internal-metrics", "interval": "60s"}],
        },
    }


def _hash(value: object) -> str:
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_CHARACTERS]
