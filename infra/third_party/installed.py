"""Which programs the settings install in the namespace `monitoring`. Pure."""

from collections.abc import Iterator

from infra.config.observability import ObservabilityOptions
from infra.third_party import alertmanager, grafana, jaeger, loki, opencost, prometheus
from infra.third_party.pods import Pods


def installed(options: ObservabilityOptions) -> Iterator[Pods]:
    """Yield the pods of every installed program."""
    if not options.enabled:
        return
    if options.metrics.enabled:
        yield prometheus.pods(options.metrics)
        yield alertmanager.PODS
        yield grafana.PODS
        yield prometheus.OPERATOR
        yield prometheus.KUBE_STATE_METRICS
        yield prometheus.NODE_EXPORTER
    if options.logs.enabled:
        yield loki.PODS
        yield loki.ALLOY
    if options.traces.enabled:
        yield jaeger.PODS
    if options.metrics.enabled and options.cost.enabled:
        yield opencost.PODS
