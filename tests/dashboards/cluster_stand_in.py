"""A stand-in for a cluster of two t3.medium nodes: what its exporters would say.

Not real: the numbers are made up, and only what the dashboards ask for is there. Real are the names
and the labels of the metrics (tests/contract/metric_lists and metric_labels.txt). It shows that the
queries join what they shall join; what a cluster really uses, only a cluster can tell.
"""

import functools
import math
import time
from collections.abc import Iterator

NODES = ("ip-10-0-11-24.ec2.internal", "ip-10-0-12-87.ec2.internal")
GIB, MIB = 1024**3, 1024**2
ALLOCATABLE = {"cpu": 1.93, "memory": 3048 * MIB, "pods": 35}
CPU_PRICE, GIB_PRICE, VOLUME_PRICE, CONTROL_PLANE = 0.0139, 0.00345, 0.00011, 0.10
# Namespace, pod, container, node, CPUs and MiB that it asks for, MiB that it may use.
PODS = [
    ("observability", "backend-7d9c-x2x4p", "api", 0, 0.1, 192, 512),
    ("observability", "backend-7d9c-m8zwq", "api", 1, 0.1, 192, 512),
    ("observability", "backend-worker-55f4-9kqrt", "worker", 0, 0.05, 160, 384),
    ("observability", "backend-exporter-6c8b-vv7wd", "exporter", 1, 0.01, 32, 64),
    ("monitoring", "prometheus-kps-0", "prometheus", 0, 0.15, 640, 1280),
    ("monitoring", "alertmanager-kps-0", "alertmanager", 1, 0.01, 32, 96),
    ("monitoring", "kps-grafana-5f7d-2hxkc", "grafana", 1, 0.05, 160, 384),
    ("monitoring", "loki-0", "loki", 1, 0.1, 256, 640),
    ("monitoring", "jaeger-6d5b-qq8fz", "jaeger", 0, 0.03, 160, 320),
    ("monitoring", "opencost-78c9-tz5jm", "opencost", 0, 0.025, 152, 384),
    ("monitoring", "kps-kube-state-metrics-64-pl2vn", "kube-state-metrics", 1, 0.01, 40, 96),
    *(
        (namespace, f"{name}-{node}", name, node, cpu, memory, limit)
        for namespace, name, cpu, memory, limit in (
            ("monitoring", "node-exporter", 0.01, 24, 64),
            ("monitoring", "alloy", 0.032, 130, 192),
            ("kube-system", "aws-node", 0.05, 0, 0),
            ("kube-system", "kube-proxy", 0.1, 0, 0),
            ("kube-system", "ebs-csi-node", 0.03, 104, 256),
            ("kube-system", "coredns", 0.1, 70, 170),
        )
        for node in (0, 1)
    ),
]
# Claim, GiB, used share.
VOLUMES = [
    ("prometheus-kps-db-prometheus-kps-0", 10, 0.58),
    ("storage-loki-0", 20, 0.31),
    ("jaeger-badger", 5, 0.44),
    ("kps-grafana", 2, 0.09),
    ("alertmanager-kps-db-alertmanager-kps-0", 1, 0.02),
]


def kube_state_metrics() -> str:
    return "\n".join([*_nodes(), *_pods(), *_autoscaler(), *_claims()]) + "\n"


def kubelet() -> str:
    """Return volumes only: what cAdvisor says has another path, and another label for it."""
    lines = []
    grown = 1 + (time.time() - _started()) / 36_000
    for claim, size, share in VOLUMES:
        labels = f'namespace="monitoring",persistentvolumeclaim="{claim}"'
        used = size * GIB * share * grown
        lines += [
            f"kubelet_volume_stats_capacity_bytes{{{labels}}} {size * GIB}",
            f"kubelet_volume_stats_used_bytes{{{labels}}} {used}",
            f"kubelet_volume_stats_available_bytes{{{labels}}} {size * GIB - used}",
        ]
    return "\n".join(lines) + "\n"


def cadvisor() -> str:
    lines = []
    for number, (namespace, pod, container, _, cpu, memory, limit) in enumerate(PODS):
        labels = f'namespace="{namespace}",pod="{pod}",container="{container}",image="an-image"'
        used = (limit or 64) * MIB * (0.45 + 0.04 * math.sin(time.time() / 40 + number))
        seconds = time.time() % 1e6 * (0.3 + number % 5 * 0.2) * cpu
        lines += [
            f"container_memory_working_set_bytes{{{labels}}} {used}",
            f"container_cpu_usage_seconds_total{{{labels}}} {seconds}",
        ]
        assert memory <= limit
    return "\n".join(lines) + "\n"


def opencost() -> str:
    lines = [f'kubecost_cluster_management_cost{{provisioner_name="EKS"}} {CONTROL_PLANE}']
    for node in NODES:
        labels = f'node="{node}",instance="{node}",instance_type="t3.medium",region="us-east-1"'
        total = 2 * CPU_PRICE + 4 * GIB_PRICE
        lines += [
            f"node_cpu_hourly_cost{{{labels}}} {CPU_PRICE}",
            f"node_ram_hourly_cost{{{labels}}} {GIB_PRICE}",
            f"node_total_hourly_cost{{{labels}}} {total}",
        ]
    for namespace, pod, container, number, cpu, memory, _ in PODS:
        labels = (
            f'namespace="{namespace}",pod="{pod}",container="{container}",node="{NODES[number]}"'
        )
        lines += [
            f"container_cpu_allocation{{{labels}}} {cpu}",
            f"container_memory_allocation_bytes{{{labels}}} {memory * MIB}",
        ]
    lines += [
        f'pv_hourly_cost{{persistentvolume="pv-{claim}",volumename="pv-{claim}"}} {VOLUME_PRICE}'
        for claim, *_ in VOLUMES
    ]
    return "\n".join(lines) + "\n"


@functools.cache
def _started() -> float:
    return time.time()


def _nodes() -> Iterator[str]:
    for node in NODES:
        yield f'kube_node_info{{node="{node}"}} 1'
        for condition in ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure"):
            for status in ("true", "false", "unknown"):
                holds = int(status == ("true" if condition == "Ready" else "false"))
                labels = f'node="{node}",condition="{condition}",status="{status}"'
                yield f"kube_node_status_condition{{{labels}}} {holds}"
        for resource, amount in ALLOCATABLE.items():
            labels = f'node="{node}",resource="{resource}"'
            yield f"kube_node_status_allocatable{{{labels}}} {amount}"


def _pods() -> Iterator[str]:
    for namespace, pod, container, node, cpu, memory, limit in PODS:
        which = f'namespace="{namespace}",pod="{pod}",uid="{pod}"'
        yield f'kube_pod_info{{{which},node="{NODES[node]}"}} 1'
        for phase in ("Pending", "Running", "Succeeded", "Failed", "Unknown"):
            yield f'kube_pod_status_phase{{{which},phase="{phase}"}} {int(phase == "Running")}'
        one = f'{which},container="{container}"'
        there = f'{one},node="{NODES[node]}"'
        yield f"kube_pod_container_status_restarts_total{{{one}}} 0"
        yield f'kube_pod_container_resource_requests{{{there},resource="cpu"}} {cpu}'
        if memory:
            asked = f'{there},resource="memory"'
            yield f"kube_pod_container_resource_requests{{{asked}}} {memory * MIB}"
            yield f"kube_pod_container_resource_limits{{{asked}}} {limit * MIB}"


def _autoscaler() -> Iterator[str]:
    which = 'namespace="observability",horizontalpodautoscaler="backend"'
    for what, value in (
        ("status_current_replicas", 2),
        ("status_desired_replicas", 2 + int(time.time() / 60) % 2),
        ("spec_min_replicas", 2),
        ("spec_max_replicas", 10),
    ):
        yield f"kube_horizontalpodautoscaler_{what}{{{which}}} {value}"


def _claims() -> Iterator[str]:
    for claim, size, _ in VOLUMES:
        yield (
            f'kube_persistentvolume_capacity_bytes{{persistentvolume="pv-{claim}"}} {size * GIB}'
        )
