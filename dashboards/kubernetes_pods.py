"""Pods, autoscalers and volumes, for the dashboard Kubernetes capacity."""

from dashboards.panels import Panel, Query, bars, graph, rising, table
from dashboards.queries import named


def autoscaling() -> list[Panel]:
    hpa = "kube_horizontalpodautoscaler_"
    name = "{{horizontalpodautoscaler}}"
    by = "max by (namespace, horizontalpodautoscaler)"
    return [
        graph(
            "Replicas",
            "Does the autoscaler follow the load? Current and desired pods; the last two series"
            " are its limits.",
            Query(f"{by} ({hpa}status_current_replicas)", f"{name} there"),
            Query(f"{by} ({hpa}status_desired_replicas)", f"{name} wanted"),
            Query(f"{by} ({hpa}spec_min_replicas)", f"{name} least"),
            Query(f"{by} ({hpa}spec_max_replicas)", f"{name} most"),
            unit="short",
            width=12,
        ),
        bars(
            "At its limit",
            "Can it still scale up? Desired pods relative to its maximum.",
            Query(
                f"{by} ({hpa}status_desired_replicas) / {by} ({hpa}spec_max_replicas)",
                name,
            ),
            unit="percentunit",
            width=6,
            steps=rising(warn=0.8, bad=1),
            maximum=1,
        ),
        table(
            "Autoscalers that cannot scale",
            "Does an autoscaler fail? Conditions that should be true but are not: no metrics,"
            " no target.",
            "max by (namespace, horizontalpodautoscaler, condition)"
            f" ({hpa}status_condition"
            '{condition=~"AbleToScale|ScalingActive", status="false"}) == 1',
            columns=["horizontalpodautoscaler", "condition"],
            value_column="fails",
            unit="short",
            width=6,
        ),
    ]


def pods() -> list[Panel]:
    return [
        graph(
            "Pods by phase",
            "Are pods pending or failed? Pods that neither run nor have completed.",
            Query(
                'sum by (phase) (kube_pod_status_phase{phase=~"Pending|Failed|Unknown"})',
                "{{phase}}",
            ),
            unit="short",
        ),
        table(
            "Containers that wait",
            "Why does a container not start? Examples: an image that cannot be pulled, a crash,"
            " a missing Secret.",
            "max by (namespace, pod, container, reason)"
            " (kube_pod_container_status_waiting_reason) == 1",
            columns=["namespace", "pod", "container", "reason"],
            value_column="waits",
            unit="short",
            width=8,
        ),
        table(
            "Out of memory",
            "Which limit is too small? Containers that were last killed at their memory limit.",
            "max by (namespace, pod, container)"
            ' (kube_pod_container_status_last_terminated_reason{reason="OOMKilled"}) == 1',
            columns=["namespace", "pod", "container"],
            value_column="killed",
            unit="short",
            alerts=["ContainerOutOfMemory"],
            width=8,
        ),
        graph(
            "Nearest to their memory limit",
            "Which container is close to its limit? Memory relative to the limit, the highest ten.",
            Query(
                "topk(10, max by (namespace, pod, container)"
                ' (container_memory_working_set_bytes{container!="", image!=""})'
                " / on (namespace, pod, container) max by (namespace, pod, container)"
                ' (kube_pod_container_resource_limits{resource="memory"}))',
                "{{pod}} {{container}}",
            ),
            unit="percentunit",
            width=12,
            steps=rising(warn=0.85, bad=1),
        ),
        graph(
            "Restarts",
            "What restarts repeatedly? Restarts per hour by pod.",
            Query(
                "sum by (namespace, pod)"
                " (increase(kube_pod_container_status_restarts_total[1h])) > 0.5",
                "{{namespace}}/{{pod}}",
            ),
            unit="short",
            width=12,
            steps=rising(bad=5),
        ),
    ]


def volumes() -> list[Panel]:
    used = "kubelet_volume_stats_used_bytes / kubelet_volume_stats_capacity_bytes"
    full = (
        "kubelet_volume_stats_available_bytes"
        " / (deriv(kubelet_volume_stats_available_bytes[6h]) < 0) * -1"
    )
    root = 'node_filesystem_{0}_bytes{{mountpoint="/", fstype!="tmpfs"}}'
    disk = f"(1 - {root.format('avail')} / {root.format('size')})"
    return [
        bars(
            "Volumes",
            "Which volume fills up? Used share; a volume grows only when its claim does.",
            Query(
                f"max by (namespace, persistentvolumeclaim) ({used})",
                "{{persistentvolumeclaim}}",
            ),
            unit="percentunit",
            steps=rising(warn=0.85, bad=0.97),
            maximum=1,
        ),
        table(
            "Full in",
            "How long until a volume is full, at the growth of the last six hours? Only growing"
            " volumes.",
            f"min by (namespace, persistentvolumeclaim) ({full})",
            columns=["namespace", "persistentvolumeclaim"],
            value_column="full in",
            unit="s",
            width=8,
        ),
        graph(
            "Nodes' disks",
            "Does a node's disk fill up? Images and logs fill it; at 85 % the kubelet removes"
            " images.",
            Query(
                named(disk),
                "{{node}}",
            ),
            unit="percentunit",
            steps=rising(warn=0.85, bad=0.95),
            maximum=1,
        ),
        graph(
            "Network in",
            "How much do nodes receive? Bytes per second.",
            Query(
                named("instance:node_network_receive_bytes_physical:rate5m"),
                "{{node}}",
            ),
            unit="Bps",
            width=12,
        ),
        graph(
            "Network out",
            "How much do nodes send? Bytes per second; AWS charges for traffic through NAT.",
            Query(
                named("instance:node_network_transmit_bytes_physical:rate5m"),
                "{{node}}",
            ),
            unit="Bps",
            width=12,
        ),
    ]
