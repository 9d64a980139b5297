"""The monitoring stack's programs as drills ask them: each by a port-forward, as people do."""

from contextlib import AbstractContextManager

from e2e.platform.forwarding import Api, forwarded
from e2e.platform.platform import Platform
from infra import naming
from infra.third_party.jaeger import NAME as JAEGER
from infra.third_party.jaeger import QUERY_PORT

PROMETHEUS_PORT = 9090
IN_MONITORING = f"--namespace={naming.MONITORING_NAMESPACE}"


def prometheus(platform: Platform) -> AbstractContextManager[Api]:
    return _api(platform, naming.PROMETHEUS_SERVICE, PROMETHEUS_PORT)


def jaeger(platform: Platform) -> AbstractContextManager[Api]:
    return _api(platform, JAEGER, QUERY_PORT)


def _api(platform: Platform, service: str, port: int) -> AbstractContextManager[Api]:
    return forwarded(platform.cluster.kubectl, service, port, namespace=naming.MONITORING_NAMESPACE)
