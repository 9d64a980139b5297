"""The scrape configuration of the backend's catalog, with its limits. Pure.

Writers of the catalog choose the targets, and targets choose their answers. Neither may pass for a
part of the cluster, or take more than their share of Prometheus.
"""

from collections.abc import Sequence
from ipaddress import IPv4Network

from infra import naming

DISCOVERY_PATH = "/api/v1/sd/prometheus"
# The label `job` of every target; the platform's rules use other jobs.
JOB = "catalog"
# Prometheus' default. A new service is scraped after a refresh and an interval.
REFRESH = "60s"
INTERVAL, TIMEOUT = "30s", "10s"

# Limits of one scrape. A Java service with histograms has 1,000 to 1,500 samples.
SAMPLES = 2_000
BODY = "4MB"
# Limits of one series: our labels, the target's and a few of the metric's own.
LABELS, LABEL_NAME_LENGTH, LABEL_VALUE_LENGTH = 40, 128, 1024
# Prometheus' memory for a series, with a margin: 81 new targets at the limit took 2.3.
SERIES_KIB = 4

# The cluster's monitors, Prometheus and rules set these labels. The backend refuses them as well,
# but Prometheus' own check decides.
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
# Samples have labels as well, and rules sum by namespace and pod for every job. Such labels are
# kept under another name, as Prometheus does for labels that clash with a target's. Histograms need
# `le` and `quantile`; `instance` always clashes.
OF_SAMPLES = "|".join(name for name in FOREIGN_LABELS if name not in {"instance", "le", "quantile"})
# Names that only recording rules and Prometheus' alerts may write.
RECORDED = ".*:.*|ALERTS|ALERTS_FOR_STATE"

# The node's metadata and the credentials of pods.
LINK_LOCAL = "169.254.0.0/16"


def scrape_config(*, memory_mb: int) -> dict[str, object]:
    """Build the spec of a ScrapeConfig; `memory_mb` is Prometheus' memory request."""
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
        # A sample's `job` becomes `exported_job`. With its own time it could write the past.
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
            # A target's label `job` would override the name of the job.
            {"action": "replace", "targetLabel": "job", "replacement": JOB},
        ],
        "metricRelabelings": [
            {"action": "drop", "sourceLabels": ["__name__"], "regex": RECORDED},
            {"action": "labelmap", "regex": f"({OF_SAMPLES})", "replacement": "exported_$1"},
            {"action": "labeldrop", "regex": OF_SAMPLES},
        ],
    }


def target_limit(memory_mb: int) -> int:
    """Limit the targets so that all of them, at their limits, fit Prometheus' memory request."""
    return memory_mb * 1024 // (SAMPLES * SERIES_KIB)


def never_reached(database_cidrs: Sequence[IPv4Network]) -> list[str]:
    """Return the ranges that Prometheus must not connect to, whatever the catalog contains."""
    return [LINK_LOCAL, *(str(cidr) for cidr in database_cidrs)]
