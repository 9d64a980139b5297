"""Every pinned version, and until when AWS supports it: the reader of infra/versions.yaml.

Pure: today's date is an argument. The file is part of the program, and read once, on import.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any

import yaml

_DATA: Mapping[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text())


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
    minor: Kubernetes(
        SupportPeriod(**period),
        **_DATA["addons"]["minors"][minor],
        cluster_autoscaler=_DATA["autoscaler"]["minors"][minor],
    )
    for minor, period in _DATA["kubernetes"]["minors"].items()
}
RECOMMENDED_KUBERNETES: str = _DATA["kubernetes"]["recommended"]
# By minor: what it stops serving, "group/version" or "group/version Kind".
REMOVED_APIS: Mapping[str, Sequence[str]] = _DATA["removed_apis"]["minors"]

VPC_CNI: str = _DATA["addons"]["every_minor"]["vpc_cni"]
POD_IDENTITY_AGENT: str = _DATA["addons"]["every_minor"]["pod_identity_agent"]
EBS_CSI_DRIVER: str = _DATA["addons"]["every_minor"]["ebs_csi_driver"]
NODE_MONITORING_AGENT: str = _DATA["addons"]["every_minor"]["node_monitoring_agent"]


@dataclass(frozen=True, slots=True)
class Postgres:
    """A PostgreSQL major on RDS; older minors than `oldest_minor` can no longer be created."""

    support: SupportPeriod
    oldest_minor: int
    newest_minor: int


POSTGRES: Mapping[str, Postgres] = {
    major: Postgres(
        SupportPeriod(**period),
        oldest_minor=_DATA["postgres_minors"]["oldest"][major],
        newest_minor=_DATA["postgres_minors"]["newest"][major],
    )
    for major, period in _DATA["postgres"]["majors"].items()
}
RECOMMENDED_POSTGRES: str = _DATA["postgres"]["recommended"]

HOURS_PER_MONTH = 730
EKS_HOURLY_USD: float = _DATA["prices"]["eks"]
EKS_EXTENDED_HOURLY_USD: float = _DATA["prices"]["eks_extended"]
RDS_EXTENDED_HOURLY_USD_PER_VCPU: float = _DATA["prices"]["rds_extended_per_vcpu"]


def replacement(
    periods: Mapping[str, SupportPeriod], version: str, recommended: str, today: date
) -> str:
    """Return what to name in place of a version: the recommended, else the longest supported."""
    if recommended != version and periods[recommended].on(today) is Support.STANDARD:
        return recommended
    return max(periods, key=lambda known: periods[known].standard_until)


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


def _chart(name: str) -> HelmChart:
    return HelmChart(name, **_DATA["charts"][name])


LOAD_BALANCER_CONTROLLER_CHART = _chart("aws-load-balancer-controller")
METRICS_SERVER_CHART = _chart("metrics-server")
CLUSTER_AUTOSCALER_CHART = _chart("cluster-autoscaler")
OPERATOR_DEFINITIONS_CHART = _chart("prometheus-operator-crds")
PROMETHEUS_STACK_CHART = _chart("kube-prometheus-stack")
LOKI_CHART = _chart("loki")
ALLOY_CHART = _chart("alloy")
JAEGER_CHART = _chart("jaeger")
OPENCOST_CHART = _chart("opencost")

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

JAEGER: str = _DATA["programs"]["jaeger"]
JAEGER_MAJOR = 2
GRAFANA: str = _DATA["programs"]["grafana"]
# Upstream removed /api/services and /api/traces, by which Grafana's data source searches, after
# 2.20 (jaegertracing/jaeger#9260); Grafana asks over gRPC only with an experimental toggle
# (grafana/grafana#113297).
JAEGER_WITHOUT_SEARCH = (2, 21)
