"""OpenCost computes what the cluster costs, from Prometheus and public prices. Pure."""

from infra import versions
from infra.third_party.charts import chart_values, merged
from infra.third_party.pods import Pods, Workload, of_release

NAME, PORT = "opencost", 9003
PODS = Pods(NAME, Workload("opencost", 25, 152, surge=1), of_release(NAME, NAME))


def opencost_values(*, cluster: str) -> dict[str, object]:
    place = {"opencost": {"exporter": {"defaultClusterId": cluster}}}
    return merged(chart_values(versions.OPENCOST_CHART), place)
