"""The NetworkPolicies of the namespace `monitoring`: nothing comes in but the table's arrows."""

from collections.abc import Mapping
from ipaddress import IPv4Network

import pulumi
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

from infra.monitoring_arrows import POD_LABELS_OF, openings, peer
from infra.observability_options import ObservabilityOptions

EVERYTHING = "default-deny"


def add_policies(
    name: str,
    namespace: pulumi.Input[str],
    options: ObservabilityOptions,
    vpc: IPv4Network,
    opts: ResourceOptions,
) -> None:
    """Close the namespace, and open what is installed to those who use it."""
    _add(f"{name}-{EVERYTHING}", EVERYTHING, namespace, {"podSelector": {}}, opts)
    for opening in openings(options):
        ingress = [
            {
                "from": [peer(source, vpc)],
                "ports": [{"port": port, "protocol": "TCP"} for port in ports],
            }
            for source, ports in opening.sources.items()
        ]
        labels = dict(POD_LABELS_OF[opening.target])
        spec = {"podSelector": {"matchLabels": labels}, "ingress": ingress}
        _add(f"{name}-to-{opening.target}", f"to-{opening.target}", namespace, spec, opts)


def _add(
    name: str,
    policy: str,
    namespace: pulumi.Input[str],
    spec: Mapping[str, object],
    opts: ResourceOptions,
) -> None:
    # The same resource as k8s.networking.v1.NetworkPolicy, but its spec can be plain data.
    k8s.apiextensions.CustomResource(
        name,
        api_version="networking.k8s.io/v1",
        kind="NetworkPolicy",
        metadata=k8s.meta.v1.ObjectMetaArgs(name=policy, namespace=namespace),
        spec={**spec, "policyTypes": ["Ingress"]},
        opts=opts,
    )
