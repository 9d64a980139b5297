"""How Prometheus finds the services of the backend's catalog, and what it lets them do. Pure.

Who may write to the catalog chooses what is scraped, and what is scraped chooses what it answers:
neither may pass for a part of the cluster, nor take more than its share of Prometheus.
"""

from collections.abc import Sequence
from ipaddress import IPv4Network

from infra import naming

DISCOVERY_PATH = "/api/v1/sd/prometheus"
# The label `job` of every target; rules of the platform name other jobs.
JOB = "catalog"
# Prometheus' own default. A service that was added is scraped a refresh and an interval later.
REFRESH = "60s"
INTERVAL, TIMEOUT = "30s", "10s"

# Of one scrape. A Java service with histograms has 1,000 to 1,500.
SAMPLES = 2_000
BODY = "4MB"
# Of one series: ours, the target's and a few of the metric's own.
LABELS, LABEL_NAME_LENGTH, LABEL_VALUE_LENGTH = 40, 128, 1024
# What a series costs Prometheus in memory, generously: 81 targets at the limit took 2.3 when they
# were new.
SERIES_KIB = 4

# They are set by the cluster's own monitors, by Prometheus and by rules. The backend refuses them
# as well; what counts is what Prometheus takes.
FOREIGN_LABELS = (
    "alertname",
    "cluster",
    "container",
    "endpoint",
    "instance",
    "le",
    "namespace",
    "node",
    "pod",
    "prometheus",
    "prometheus_replica",
    "quantile",
    "severity",
)
# A sample brings labels as well, and rules sum by namespace and pod whatever the job. Its own ones
# are kept as Prometheus keeps what clashes with a target's: under another name. Histograms need
# `le` and `quantile`; `instance` clashes anyhow.
OF_SAMPLES = "|".join(name for name in FOREIGN_LABELS if name not in {"instance", "le", "quantile"})
# What rules record, and what Prometheus itself writes about alerts: of no target's own.
RECORDED = ".*:.*|ALERTS|ALERTS_FOR_STATE"

# Of Prometheus' pods, as the operator makes them.
POD_LABELS = {
    "app.kubernetes.io/name": "prometheus",
    "operator.prometheus.io/name": naming.PROMETHEUS_RELEASE,
}
# The node's metadata, and the credentials of its pods.
LINK_LOCAL = "169.254.0.0/16"


def scrape_config(*, memory_mb: int) -> dict[str, object]:
    """Build the spec of a ScrapeConfig; `memory_mb` is what Prometheus is promised."""
    backend = naming.service_url(naming.RELEASE, naming.NAMESPACE, naming.SERVICE_PORT)
    token = naming.DISCOVERY_TOKEN
    return {
        "httpSDConfigs": [
            {
                "url": f"{backend}{DISCOVERY_PATH}",
                "authorization": {
                    "type": "Bearer",
                    "credentials": {"name": token.secret, "key": token.key},
                },
                "refreshInterval": REFRESH,
                "followRedirects": False,
            }
        ],
        "scrapeInterval": INTERVAL,
        "scrapeTimeout": TIMEOUT,
        # A sample's own `job` becomes `exported_job`; its own time would let it write the past.
        "honorLabels": False,
        "honorTimestamps": False,
        "targetLimit": target_limit(memory_mb),
        "sampleLimit": SAMPLES,
        "bodySizeLimit": BODY,
        "labelLimit": LABELS,
        "labelNameLengthLimit": LABEL_NAME_LENGTH,
        "labelValueLengthLimit": LABEL_VALUE_LENGTH,
        "relabelings": [
            {"action": "labeldrop", "regex": "|".join(FOREIGN_LABELS)},
            # A target's own label `job` would win over the name of the job.
            {"action": "replace", "targetLabel": "job", "replacement": JOB},
        ],
        "metricRelabelings": [
            {"action": "drop", "sourceLabels": ["__name__"], "regex": RECORDED},
            {"action": "labelmap", "regex": f"({OF_SAMPLES})", "replacement": "exported_$1"},
            {"action": "labeldrop", "regex": OF_SAMPLES},
        ],
    }


def target_limit(memory_mb: int) -> int:
    """Bound the targets so that all of them at their limit fit what Prometheus is promised."""
    return memory_mb * 1024 // (SAMPLES * SERIES_KIB)


def never_reached(database_cidrs: Sequence[IPv4Network]) -> list[str]:
    """Return where Prometheus may not connect to, whatever the catalog says."""
    return [LINK_LOCAL, *(str(cidr) for cidr in database_cidrs)]
