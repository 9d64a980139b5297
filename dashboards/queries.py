"""Parts of queries that several dashboards use."""

# The width of a point of the graph, and at least four scrapes.
RATE = "[$__rate_interval]"
REQUESTS = "backend_http_requests_total"
BUCKETS = "backend_http_request_duration_seconds_bucket"
# Pods of the backend, and requests except for probes.
BACKEND = 'job="backend", namespace="$namespace"'
ASKED = 'namespace="$namespace", route!~"/health|/ready|/metrics"'
INTAKE = 'namespace="$namespace", route="/api/v1/webhooks/alertmanager"'
NAMESPACE = '{namespace="$namespace"}'

# Log lines of the backend, by the labels that Alloy gives them.
LINES = '{namespace="$namespace", service_name="backend"}'
TROUBLE = '{namespace="$namespace", service_name="backend", level=~"warning|error|critical"}'

API_PODS = f'count(up{{{BACKEND}, app_kubernetes_io_component="api"}} == 1) or vector(0)'
WORKERS = f'count(up{{{BACKEND}, app_kubernetes_io_component="worker"}} == 1) or vector(0)'
FAILED = (
    f'(sum(rate({REQUESTS}{{{ASKED}, status="5xx"}}[5m])) or vector(0))'
    f" / sum(rate({REQUESTS}{{{ASKED}}}[5m]))"
)


def duration(share: float, selector: str = ASKED, *, by: str = "", window: str = RATE) -> str:
    """Return the time within which this share of the requests was answered."""
    labels = f"le, {by}" if by else "le"
    rates = f"sum by ({labels}) (rate({BUCKETS}{{{selector}}}{window}))"
    return f"histogram_quantile({share}, {rates})"


def named(query: str) -> str:
    """Give a number of node-exporter, which knows its pod only, the name of its node."""
    return (
        f"max by (node) ({query} * on (namespace, pod) group_left (node)"
        ' node_namespace_pod:kube_pod_info:{node=~"$node"})'
    )
