"""Every pinned version, and until when AWS supports it. Pure: today's date is an argument.

Calendars: docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html and
docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-release-calendar.html, read
2026-11. Add-on builds are those that EKS offers for a Kubernetes minor (`aws eks
describe-addon-versions --kubernetes-version 1.35`), read 2026-09.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum


class Support(Enum):
    """Where a version stands on a given day."""

    STANDARD = "standard"
    EXTENDED = "extended"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class SupportPeriod:
    """Both dates are the first day on which that support is over."""

    standard_until: date
    extended_until: date

    def on(self, today: date) -> Support:
        if today < self.standard_until:
            return Support.STANDARD
        return Support.EXTENDED if today < self.extended_until else Support.ENDED


@dataclass(frozen=True, slots=True)
class Kubernetes:
    """A Kubernetes minor on EKS, and the builds that follow the minor."""

    support: SupportPeriod
    coredns: str
    kube_proxy: str
    cluster_autoscaler: str


KUBERNETES: Mapping[str, Kubernetes] = {
    "1.31": Kubernetes(
        SupportPeriod(date(2025, 11, 26), date(2026, 11, 26)),
        coredns="v1.11.4-eksbuild.40",
        kube_proxy="v1.31.14-eksbuild.25",
        cluster_autoscaler="v1.31.0",
    ),
    "1.32": Kubernetes(
        SupportPeriod(date(2026, 3, 23), date(2027, 3, 23)),
        coredns="v1.11.4-eksbuild.51",
        kube_proxy="v1.32.13-eksbuild.24",
        cluster_autoscaler="v1.32.3",
    ),
    "1.33": Kubernetes(
        SupportPeriod(date(2026, 7, 29), date(2027, 7, 29)),
        coredns="v1.12.4-eksbuild.29",
        kube_proxy="v1.33.10-eksbuild.21",
        cluster_autoscaler="v1.33.6",
    ),
    "1.34": Kubernetes(
        SupportPeriod(date(2026, 12, 2), date(2027, 12, 2)),
        coredns="v1.12.4-eksbuild.29",
        kube_proxy="v1.34.6-eksbuild.21",
        cluster_autoscaler="v1.34.3",
    ),
    "1.35": Kubernetes(
        SupportPeriod(date(2027, 3, 27), date(2028, 3, 27)),
        coredns="v1.13.2-eksbuild.21",
        kube_proxy="v1.35.3-eksbuild.21",
        cluster_autoscaler="v1.35.1",
    ),
    "1.36": Kubernetes(
        SupportPeriod(date(2027, 8, 2), date(2028, 8, 2)),
        coredns="v1.14.3-eksbuild.14",
        kube_proxy="v1.36.0-eksbuild.17",
        cluster_autoscaler="v1.36.1",
    ),
}
RECOMMENDED_KUBERNETES = "1.35"

# These serve every minor above.
VPC_CNI = "v1.22.4-eksbuild.3"
POD_IDENTITY_AGENT = "v1.3.10-eksbuild.3"
EBS_CSI_DRIVER = "v1.63.1-eksbuild.1"


@dataclass(frozen=True, slots=True)
class Postgres:
    """A PostgreSQL major on RDS; older minors than `oldest_minor` can no longer be created."""

    support: SupportPeriod
    oldest_minor: int


# The day after AWS's "end of standard support"; extended support adds three years. RDS withdrew
# 15.13, 15.14, 16.9, 16.10, 17.5, 17.6 and older minors from creation (notice of 2026-08-30).
POSTGRES: Mapping[str, Postgres] = {
    "15": Postgres(SupportPeriod(date(2028, 3, 1), date(2031, 3, 1)), oldest_minor=15),
    "16": Postgres(SupportPeriod(date(2029, 3, 1), date(2032, 3, 1)), oldest_minor=11),
    "17": Postgres(SupportPeriod(date(2030, 3, 1), date(2033, 3, 1)), oldest_minor=7),
    "18": Postgres(SupportPeriod(date(2031, 3, 1), date(2034, 3, 1)), oldest_minor=0),
}
RECOMMENDED_POSTGRES = "15"

# us-east-1, on demand. EKS: aws.amazon.com/eks/pricing; RDS: aws.amazon.com/rds/postgresql/pricing.
HOURS_PER_MONTH = 730
EKS_HOURLY_USD = 0.10
EKS_EXTENDED_HOURLY_USD = 0.60
RDS_EXTENDED_HOURLY_USD_PER_VCPU = 0.10


def replacement(periods: Mapping[str, SupportPeriod], recommended: str, today: date) -> str:
    """Return what to name in place of a version: the recommended, else the longest supported."""
    if periods[recommended].on(today) is Support.STANDARD:
        return recommended
    return max(periods, key=lambda version: periods[version].standard_until)


@dataclass(frozen=True, slots=True)
class HelmChart:
    """A chart as its publisher's repository serves it."""

    name: str
    version: str
    repository: str

    @property
    def archive(self) -> str:
        """The file name under which `helm pull` stores it."""
        return f"{self.name}-{self.version}.tgz"


LOAD_BALANCER_CONTROLLER_CHART = HelmChart(
    "aws-load-balancer-controller", "3.5.0", "https://aws.github.io/eks-charts"
)
METRICS_SERVER_CHART = HelmChart(
    "metrics-server", "3.13.1", "https://kubernetes-sigs.github.io/metrics-server/"
)
CLUSTER_AUTOSCALER_CHART = HelmChart(
    "cluster-autoscaler", "9.59.0", "https://kubernetes.github.io/autoscaler"
)

# Two versions of one thing: the definitions must be those of the operator that acts on them.
OPERATOR_DEFINITIONS_CHART = HelmChart(
    "prometheus-operator-crds", "31.0.1", "https://prometheus-community.github.io/helm-charts"
)
PROMETHEUS_STACK_CHART = HelmChart(
    "kube-prometheus-stack", "88.5.3", "https://prometheus-community.github.io/helm-charts"
)
# The chart of this name on grafana.github.io is Enterprise only since its version 7.
LOKI_CHART = HelmChart("loki", "18.11.0", "https://grafana-community.github.io/helm-charts")
ALLOY_CHART = HelmChart("alloy", "1.11.1", "https://grafana.github.io/helm-charts")
JAEGER_CHART = HelmChart("jaeger", "4.11.1", "https://jaegertracing.github.io/helm-charts")
# The HTTP index of the publisher ends at 2.5.14.
OPENCOST_CHART = HelmChart("opencost", "2.5.17", "oci://ghcr.io/opencost/charts")

THIRD_PARTY_CHARTS = (
    LOAD_BALANCER_CONTROLLER_CHART,
    METRICS_SERVER_CHART,
    CLUSTER_AUTOSCALER_CHART,
    OPERATOR_DEFINITIONS_CHART,
    PROMETHEUS_STACK_CHART,
    LOKI_CHART,
    ALLOY_CHART,
    JAEGER_CHART,
    OPENCOST_CHART,
)

JAEGER = "2.19.0"
JAEGER_MAJOR = 2
# What the chart of Prometheus brings.
GRAFANA = "13.2.0"
# Upstream removed /api/services and /api/traces, by which Grafana's data source searches, after
# 2.20 (jaegertracing/jaeger#9260); Grafana asks over gRPC only with an experimental toggle
# (grafana/grafana#113297).
JAEGER_WITHOUT_SEARCH = (2, 21)
