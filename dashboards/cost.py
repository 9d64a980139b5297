"""Cost: what the cluster costs, who uses it, what is paid for and unused. By OpenCost.

`max by`: two pods of OpenCost, while it is replaced, are one price.
"""

from dashboards import links
from dashboards.page import Choice, Page, Section
from dashboards.panels import Panel, Query, bars, graph, rising, stat, table, text

HOURS = 730  # of a month
GIB = "1024 ^ 3"
NAMESPACES = Choice(
    name="namespace",
    label="Namespace",
    of="label_values(container_cpu_allocation, namespace)",
    default=None,
)
_NODES = "sum(max by (node) (node_total_hourly_cost))"
_VOLUMES = (
    "sum(max by (persistentvolume) (pv_hourly_cost) * on (persistentvolume)"
    f" max by (persistentvolume) (kube_persistentvolume_capacity_bytes) / {GIB})"
)
_CONTROL = "sum(max by (provisioner_name) (kubecost_cluster_management_cost))"
_BALANCERS = "sum(max by (namespace, service_name, ingress_ip) (kubecost_load_balancer_cost))"
# As the rule platform:cluster_cost:usd_per_hour, which is there only with a budget.
_ALL = f"({_NODES} + ({_VOLUMES} or vector(0)) + ({_CONTROL} or vector(0)))"
_BUDGET = "max(platform:cluster_budget:usd_per_month)"
_WHO = '{namespace=~"$namespace"}'


def _cpu(selector: str = "", by: str = "") -> str:
    return (
        f"sum{by} (max by (namespace, pod, container, node)"
        f" (container_cpu_allocation{selector})"
        " * on (node) group_left () max by (node) (node_cpu_hourly_cost))"
    )


def _memory(selector: str = "", by: str = "") -> str:
    return (
        f"sum{by} (max by (namespace, pod, container, node)"
        f" (container_memory_allocation_bytes{selector})"
        f" / {GIB} * on (node) group_left () max by (node) (node_ram_hourly_cost))"
    )


def page() -> Page:
    return Page(
        uid=links.COST,
        title="Cost",
        description="What does the cluster cost, and who uses it?",
        choices=[NAMESPACES],
        sections=[
            Section("What does a month cost?", [*_month(), _missing()]),
            Section("Who uses it?", _users()),
            Section("What is unused?", _unused()),
            Section("Prices", _prices()),
        ],
    )


def _month() -> list[Panel]:
    return [
        stat(
            "A month",
            "What does the cluster cost in 730 hours at the current price? Nodes, volumes and"
            " the control plane.",
            f"{_ALL} * {HOURS}",
            unit="currencyUSD",
        ),
        stat(
            "Nodes",
            "What do the nodes cost a month? The autoscaler adds one when pods wait.",
            f"{_NODES} * {HOURS}",
            unit="currencyUSD",
        ),
        stat(
            "Volumes",
            "What do the volumes cost a month? By size, used or not.",
            f"{_VOLUMES} * {HOURS}",
            unit="currencyUSD",
        ),
        stat(
            "Control plane",
            "What does the control plane cost a month? Six times as much after its Kubernetes"
            " version has left standard support.",
            f"{_CONTROL} * {HOURS}",
            unit="currencyUSD",
            steps=rising(bad=150),
        ),
        stat(
            "Load balancers",
            "What do load balancers of Services cost a month? The program's own load balancer"
            " is not among them.",
            f"({_BALANCERS} or vector(0)) * {HOURS}",
            unit="currencyUSD",
        ),
        stat(
            "Unused",
            "Which share of the nodes' price is not requested by any pod? To survive the loss"
            " of one of two nodes, half must be free.",
            f"1 - ({_cpu()} + {_memory()}) / {_NODES}",
            unit="percentunit",
            steps=rising(warn=0.6, bad=0.8),
        ),
    ]


def _missing() -> Panel:
    return text(
        "What these numbers exclude",
        "The database, NAT gateways, the load balancer, traffic, CloudWatch and S3 are not in the"
        " cluster, and OpenCost does not see them. Prices are list prices: without savings plans,"
        " credits and tax.",
    )


def _users() -> list[Panel]:
    by_namespace, by_pod = " by (namespace)", " by (namespace, pod)"
    both = f"{_cpu(_WHO, by_namespace)} + {_memory(_WHO, by_namespace)}"
    pods = f"{_cpu(_WHO, by_pod)} + {_memory(_WHO, by_pod)}"
    return [
        graph(
            "By namespace",
            "Which namespace costs how much? Dollars a month for CPU and memory: the request,"
            " or the use if that is more.",
            Query(f"({both}) * {HOURS}", "{{namespace}}"),
            unit="currencyUSD",
            width=12,
            stacked=True,
        ),
        table(
            "By pod",
            "Which pods are expensive? Dollars a month for CPU and memory, the first twenty.",
            f"topk(20, ({pods}) * {HOURS})",
            columns=["namespace", "pod"],
            value_column="a month",
            unit="currencyUSD",
        ),
    ]


def _unused() -> list[Panel]:
    return [
        bars(
            "CPU not requested",
            "Which node is idle? Share of its CPUs that no pod requests.",
            Query(
                "1 - sum by (node)"
                " (cluster:namespace:pod_cpu:active:kube_pod_container_resource_requests)"
                ' / sum by (node) (kube_node_status_allocatable{resource="cpu"})',
                "{{node}}",
            ),
            unit="percentunit",
            steps=rising(warn=0.6, bad=0.8),
            maximum=1,
        ),
        bars(
            "Memory not requested",
            "Which node is idle? Share of its memory that no pod requests.",
            Query(
                "1 - sum by (node)"
                " (cluster:namespace:pod_memory:active:kube_pod_container_resource_requests)"
                ' / sum by (node) (kube_node_status_allocatable{resource="memory"})',
                "{{node}}",
            ),
            unit="percentunit",
            steps=rising(warn=0.6, bad=0.8),
            maximum=1,
        ),
        bars(
            "Volumes' free space",
            "Which volume is too large? Free share; a claim can grow, but not shrink.",
            Query(
                "max by (namespace, persistentvolumeclaim) (kubelet_volume_stats_available_bytes"
                " / kubelet_volume_stats_capacity_bytes)",
                "{{persistentvolumeclaim}}",
            ),
            unit="percentunit",
            maximum=1,
        ),
    ]


def _prices() -> list[Panel]:
    return [
        table(
            "Price of each node",
            "What does each node cost a month? By type and region; a wrong type here makes the"
            " totals above wrong.",
            f"max by (node, instance_type, region) (node_total_hourly_cost) * {HOURS}",
            columns=["node", "instance_type", "region"],
            value_column="a month",
            unit="currencyUSD",
        ),
        graph(
            "Monthly cost over time",
            "Does the price exceed the budget? The monthly cost of the cluster at each moment,"
            " and observability.cost.monthlyBudgetUsd if it is set.",
            Query(f"{_ALL} * {HOURS}", "a month"),
            Query(_BUDGET, "budget"),
            unit="currencyUSD",
            width=12,
            alerts=["ClusterCostAboveBudget"],
        ),
    ]
