"""The NetworkPolicies of the namespace `monitoring`: nothing comes in but the table's arrows."""

from collections.abc import Mapping
from ipaddress import IPv4Network

import pulumi
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

from infra.config.observability import ObservabilityOptions
from infra.monitoring.allowed_connections import POD_LABELS_OF, openings, peer

EVERYTHING = "default-deny"


def add_policies(
    name: str,
    namespace: pulumi.Input[str],
    options: ObservabilityOptions,
    vpc: IPv4Network,
    opts: ResourceOptions,
) -> None:
    """Open what is installed to those who use it, and close the namespace to everybody else.

    Closed last and opened first: a run that ends between the two cuts no arrow.
    """
    opened: list[pulumi.Resource] = []
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
        policy = f"to-{opening.target}"
        opened.append(_add(f"{name}-{policy}", policy, namespace, spec, opts))
    last = ResourceOptions.merge(opts, ResourceOptions(depends_on=opened))
    _add(f"{name}-{EVERYTHING}", EVERYTHING, namespace, {"podSelector": {}}, last)


def _add(
    name: str,
    policy: str,
    namespace: pulumi.Input[str],
    spec: Mapping[str, object],
    opts: ResourceOptions,
) -> pulumi.Resource:
    # The same resource as k8s.networking.v1.NetworkPolicy, but its spec can be plain data.
    return k8s.apiextensions.CustomResource(
        name,
        api_version="networking.k8s.io/v1",
        kind="NetworkPolicy",
        metadata=k8s.meta.v1.ObjectMetaArgs(name=policy, namespace=namespace),
        spec={**spec, "policyTypes": ["Ingress"]},
        opts=opts,
    )
