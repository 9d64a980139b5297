"""Kubernetes capacity: whether all pods fit, also after the loss of a node.

Requests, not use, decide where a pod fits; 35 pods are a node's limit whatever they ask for.
"""

from dashboards import links
from dashboards.kubernetes_pods import autoscaling, pods, volumes
from dashboards.page import Choice, Page, Section
from dashboards.panels import Panel, Query, bars, falling, graph, rising, stat, table
from dashboards.queries import named

NODE = Choice(name="node", label="Node", of="label_values(kube_node_info, node)", default=None)
_ROOM = rising(warn=0.85, bad=1)
_LIVE = 'kube_pod_status_phase{phase=~"Pending|Running"} == 1'
_PODS = (
    'kube_pod_info{node=~"$node"} * on (namespace, pod) group_left ()'
    f" max by (namespace, pod) ({_LIVE})"
)


def _requests(resource: str) -> str:
    return (
        f"cluster:namespace:pod_{resource}:active:kube_pod_container_resource_requests"
        '{node=~"$node"}'
    )


def _allocatable(resource: str) -> str:
    return f'kube_node_status_allocatable{{resource="{resource}", node=~"$node"}}'


def page() -> Page:
    return Page(
        uid=links.KUBERNETES,
        title="Kubernetes capacity",
        description="Does everything fit on the nodes, even when one is lost?",
        choices=[NODE],
        sections=[
            Section("Does it fit?", _status()),
            Section("By node", _nodes()),
            Section("By namespace", _namespaces()),
            Section("Autoscaling", autoscaling()),
            Section("Unhealthy pods", pods()),
            Section("Volumes and disks", volumes()),
        ],
    )


def _status() -> list[Panel]:
    return [
        stat(
            "Nodes ready",
            "Are all nodes ready? Two is the reference, three the autoscaler's limit.",
            'sum(kube_node_status_condition{condition="Ready", status="true", node=~"$node"})',
            unit="short",
            steps=falling(bad_below=1, good_from=2),
        ),
        stat(
            "Places taken",
            "How many of the possible pods run? 35 on each node; a rolling update needs free ones.",
            f"count({_PODS}) / sum({_allocatable('pods')})",
            unit="percentunit",
            steps=_ROOM,
            alerts=["ClusterRoomShort"],
        ),
        stat(
            "CPU promised",
            "Which share of the CPU do pods request? `make plan` warns at 85 %.",
            f"sum({_requests('cpu')}) / sum({_allocatable('cpu')})",
            unit="percentunit",
            steps=_ROOM,
            alerts=["ClusterRoomShort"],
        ),
        stat(
            "Memory promised",
            "Which share of the memory do pods request? `make plan` warns at 85 %.",
            f"sum({_requests('memory')}) / sum({_allocatable('memory')})",
            unit="percentunit",
            steps=_ROOM,
            alerts=["ClusterRoomShort"],
        ),
        stat(
            "If the largest node is lost",
            "Would all pods fit into the memory of the other nodes? Above 100 % some would wait"
            " for a new node.",
            f"sum({_requests('memory')})"
            f" / (sum({_allocatable('memory')}) - max({_allocatable('memory')}))",
            unit="percentunit",
            steps=_ROOM,
            alerts=["ClusterRoomShort"],
        ),
        stat(
            "Without a node",
            "Are pods pending? Pods that fit on no node.",
            "sum(kube_pod_status_unschedulable) or vector(0)",
            unit="short",
            steps=rising(bad=1),
            alerts=["PodsWithoutRoom"],
        ),
    ]


def _nodes() -> list[Panel]:
    return [
        bars(
            "Pods by node",
            "Can a node run more pods? Pods on each; 35 is the limit.",
            Query(f"count by (node) ({_PODS})", "{{node}}"),
            unit="short",
            steps=rising(warn=30, bad=35),
            maximum=35,
        ),
        bars(
            "CPU requested by node",
            "Which node has unrequested CPU? Requests of its pods relative to its allocatable CPU.",
            Query(
                f"sum by (node) ({_requests('cpu')}) / sum by (node) ({_allocatable('cpu')})",
                "{{node}}",
            ),
            unit="percentunit",
            steps=_ROOM,
            maximum=1,
        ),
        bars(
            "Memory requested by node",
            "Which node has unrequested memory? Requests of its pods relative to its"
            " allocatable memory.",
            Query(
                f"sum by (node) ({_requests('memory')}) / sum by (node) ({_allocatable('memory')})",
                "{{node}}",
            ),
            unit="percentunit",
            steps=_ROOM,
            maximum=1,
        ),
        graph(
            "CPU used",
            "Is a node busy? A t3.medium may use 20 % of each CPU permanently; above that it"
            " uses credits.",
            Query(
                named("instance:node_cpu_utilisation:rate5m"),
                "{{node}}",
            ),
            unit="percentunit",
            steps=rising(warn=0.2, bad=0.9),
            maximum=1,
        ),
        graph(
            "Memory used",
            "Does a node run out of memory? The kubelet evicts pods when only 100 MiB are free.",
            Query(
                named("instance:node_memory_utilisation:ratio"),
                "{{node}}",
            ),
            unit="percentunit",
            steps=rising(warn=0.85, bad=0.95),
            maximum=1,
        ),
        table(
            "Under pressure",
            "Does a node refuse pods? Conditions other than Ready that are true.",
            'max by (node, condition) (kube_node_status_condition{condition!="Ready",'
            ' status="true", node=~"$node"}) == 1',
            columns=["node", "condition"],
            value_column="holds",
            unit="short",
            width=8,
        ),
    ]


def _namespaces() -> list[Panel]:
    cpu = "node_namespace_pod_container:container_cpu_usage_seconds_total:sum_rate5m"
    memory = "node_namespace_pod_container:container_memory_working_set_bytes"
    return [
        graph(
            "CPU requested by namespace",
            "Who requests the CPU? Cores by namespace.",
            Query(
                "sum by (namespace) (namespace_cpu:kube_pod_container_resource_requests:sum)",
                "{{namespace}}",
            ),
            unit="short",
            width=6,
            stacked=True,
        ),
        graph(
            "CPU used of the requests",
            "Who requests too much or too little? Use relative to requests; far above 100 %"
            " takes CPU from others.",
            Query(
                f"sum by (namespace) ({cpu})"
                " / sum by (namespace) (namespace_cpu:kube_pod_container_resource_requests:sum)",
                "{{namespace}}",
            ),
            unit="percentunit",
            width=6,
            steps=rising(warn=1),
        ),
        graph(
            "Memory requested by namespace",
            "Who requests the memory? Bytes by namespace.",
            Query(
                "sum by (namespace) (namespace_memory:kube_pod_container_resource_requests:sum)",
                "{{namespace}}",
            ),
            unit="bytes",
            width=6,
            stacked=True,
        ),
        graph(
            "Memory used of the requests",
            "Who requests too much or too little? Pods above 100 % are evicted first when a"
            " node runs out.",
            Query(
                f'sum by (namespace) ({memory}{{container!=""}})'
                " / sum by (namespace) (namespace_memory:kube_pod_container_resource_requests:sum)",
                "{{namespace}}",
            ),
            unit="percentunit",
            width=6,
            steps=rising(warn=1),
        ),
    ]
