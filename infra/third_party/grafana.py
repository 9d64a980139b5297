"""Grafana with its data sources, and the links between them: metric to trace to log and back. Pure.

Helm's tpl evaluates these texts and Grafana expands `$` afterwards: a literal `$` is `$$`, and
double braces cannot be used.
"""

from infra import naming
from infra.config.observability import ObservabilityOptions
from infra.third_party import jaeger, loki
from infra.third_party.charts import content_hash
from infra.third_party.pods import Pods, Workload, of_release

NAME, PORT = "grafana", 3000
PODS = Pods(NAME, Workload("kps-grafana", 55, 224), of_release(NAME, naming.PROMETHEUS_RELEASE))
SERVICE = "kps-grafana"
SECRET = "grafana-admin"  # noqa: S105  the name of a Secret, not its content
USER_KEY = "admin-user"
PASSWORD_KEY = "admin-password"  # noqa: S105  the key in the Secret
# The uids of data sources, which links and dashboards name.
PROMETHEUS, LOKI, JAEGER = "prometheus", loki.NAME, jaeger.NAME
# Logs, exemplars and error bodies use this name.
TRACE_ID = "trace_id"


def grafana_values(options: ObservabilityOptions) -> dict[str, object]:
    """Values of the chart grafana, which kube-prometheus-stack includes."""
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
        "podAnnotations": {"checksum/datasources": content_hash([sources, link])},
        "additionalDataSources": sources,
    }


def data_sources(options: ObservabilityOptions) -> list[dict[str, object]]:
    """Return the data sources beside Prometheus and Alertmanager, which the chart creates."""
    return [
        *([_loki(traces=options.traces.enabled)] if options.logs.enabled else []),
        *([_jaeger(logs=options.logs.enabled)] if options.traces.enabled else []),
    ]


def exemplar_link(options: ObservabilityOptions) -> dict[str, object] | None:
    """Return the link from an exemplar to its trace. Grafana needs all three keys."""
    if not options.traces.enabled:
        return None
    return {
        "datasourceUid": JAEGER,
        "traceIdLabelName": TRACE_ID,
        "urlDisplayLabel": "View trace",
    }


def _loki(*, traces: bool) -> dict[str, object]:
    to_trace = {
        "name": "TraceID",
        # Grafana treats structured metadata as labels.
        "matcherType": "label",
        "matcherRegex": TRACE_ID,
        "url": "$${__value.raw}",
        "urlDisplayLabel": "View trace",
        "datasourceUid": JAEGER,
    }
    return {
        "name": "Loki",
        "uid": LOKI,
        "type": "loki",
        "access": "proxy",
        "url": naming.service_url(loki.NAME, naming.MONITORING_NAMESPACE, loki.PORT),
        "jsonData": {"maxLines": 1000, "derivedFields": [to_trace] if traces else []},
    }


def _jaeger(*, logs: bool) -> dict[str, object]:
    settings: dict[str, object] = {
        "nodeGraph": {"enabled": True},
        "traceIdTimeParams": {"enabled": True},
        "spanBar": {"type": "Tag", "tag": "http.response.status_code"},
        "tracesToMetrics": _traces_to_metrics(),
    }
    if logs:
        settings["tracesToLogsV2"] = _traces_to_logs()
    return {
        "name": "Jaeger",
        "uid": JAEGER,
        "type": "jaeger",
        "access": "proxy",
        "url": naming.service_url(jaeger.NAME, naming.MONITORING_NAMESPACE, jaeger.QUERY_PORT),
        "jsonData": settings,
    }


def _traces_to_logs() -> dict[str, object]:
    # A custom query: Jaeger's answers have no service.name tag, and Grafana does not show a link
    # that maps it (grafana/grafana#112349).
    query = f'{{namespace=~".+"}} | {TRACE_ID} = `$${{__trace.traceId}}`'
    return {
        "datasourceUid": LOKI,
        "spanStartTimeShift": "-5m",
        "spanEndTimeShift": "5m",
        "filterByTraceID": False,
        "filterBySpanID": False,
        "customQuery": True,
        "query": query,
    }


def trace_queries() -> list[dict[str, str]]:
    """Return the queries about a trace's service that the trace links to."""
    rate = "sum by (route) (rate(backend_http_requests_total[5m]))"
    buckets = "sum by (le) (rate(backend_http_request_duration_seconds_bucket[5m]))"
    return [
        {"name": "Requests by route", "query": rate},
        {"name": "95th percentile", "query": f"histogram_quantile(0.95, {buckets})"},
    ]


def _traces_to_metrics() -> dict[str, object]:
    return {
        "datasourceUid": PROMETHEUS,
        "spanStartTimeShift": "-15m",
        "spanEndTimeShift": "15m",
        "queries": trace_queries(),
    }
