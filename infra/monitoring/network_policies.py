"""The NetworkPolicies of the namespace `monitoring`: only allowed connections come in."""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network

import pulumi
import pulumi_kubernetes as k8s
from pulumi import ResourceOptions

from infra.config.observability import ObservabilityOptions
from infra.monitoring.allowed_connections import ingress_policies

EVERYTHING = "default-deny"


def add_policies(
    name: str,
    namespace: pulumi.Input[str],
    options: ObservabilityOptions,
    control_plane: Sequence[IPv4Network],
    opts: ResourceOptions,
) -> None:
    """Allow the installed workloads' connections, and deny everything else in the namespace.

    The denial comes last: a run that ends before it cuts no allowed connection.
    """
    policies = [
        _add(f"{name}-to-{target}", f"to-{target}", namespace, spec, opts)
        for target, spec in ingress_policies(options, control_plane)
    ]
    last = ResourceOptions.merge(opts, ResourceOptions(depends_on=policies))
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
