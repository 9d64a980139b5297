"""Checks what must hold between options, and what an operator should know. Pure.

Errors stop the loading of the settings. `pulumi up` and `make plan` print warnings.
"""

from collections.abc import Iterator
from datetime import date
from itertools import chain

from infra.config import addressing
from infra.config.findings import Finding, error, warning
from infra.config.options import Options
from infra.validation.chart_values import validate_chart_values
from infra.validation.database import validate_database
from infra.validation.network import check_retention, validate_network
from infra.validation.nodes import validate_nodes
from infra.validation.observability import validate_observability
from infra.validation.place import validate_place
from infra.validation.support import validate_kubernetes, validate_postgres

# Beginnings of keys that AWS and the EBS CSI driver refuse (pkg/driver/validation.go of 1.64).
RESERVED_TAGS = ("aws:", "kubernetes.io", "ebs.csi.aws.com/", "CSIVolume")
UNUSABLE_IN_TAGS = ',"{}'


def validate(options: Options, today: date) -> list[Finding]:
    """Return all errors and warnings about `options`, in the order of the settings."""
    return list(
        chain(
            validate_place(options),
            validate_network(options),
            _check_cluster(options),
            validate_kubernetes(options, today),
            validate_nodes(options),
            validate_database(options),
            validate_postgres(options, today),
            _check_replicas(options),
            validate_observability(options),
            validate_chart_values(),
            _check_protection(options),
            _check_exposure(options),
            _check_tags(options),
        )
    )


def _check_cluster(options: Options) -> Iterator[Finding]:
    cluster = options.cluster
    setting = "cluster.publicEndpointCidrs"
    cidrs = cluster.public_endpoint_cidrs
    if cluster.public_endpoint and not cidrs:
        yield error(
            setting,
            "is empty while cluster.publicEndpoint is true",
            "Name the ranges of those who deploy, or set cluster.publicEndpoint to false",
        )
    if cidrs and not cluster.public_endpoint:
        yield error(
            setting,
            f"names {len(cidrs)} ranges while cluster.publicEndpoint is false",
            "Remove them, or set cluster.publicEndpoint to true",
        )
    if addressing.EVERYWHERE in cidrs:
        yield error(
            setting,
            f"{addressing.EVERYWHERE} opens the Kubernetes API to the internet",
            "Name the ranges of those who deploy",
        )
    for cidr in cidrs:
        if any(cidr.subnet_of(example) for example in addressing.DOCUMENTATION):
            yield warning(
                setting,
                f"{cidr} is reserved for documentation: nobody reaches the Kubernetes API from it",
                "Name the ranges of those who deploy before `pulumi up`",
            )
    if not cluster.public_endpoint:
        yield warning(
            "cluster.publicEndpoint",
            "is false: Pulumi reaches the Kubernetes API only from inside the VPC",
            "Run `pulumi up` and `helm` on a machine in the VPC, or over a VPN",
        )
    yield from check_retention("cluster.logRetentionDays", cluster.log_retention_days)


def _check_replicas(options: Options) -> Iterator[Finding]:
    backend = options.backend
    if backend.max_replicas < backend.replicas:
        yield error(
            "backend.maxReplicas",
            f"maxReplicas {backend.max_replicas} is below replicas {backend.replicas}",
            "Raise maxReplicas or lower replicas",
        )


def _check_protection(options: Options) -> Iterator[Finding]:
    if options.deletion_protection and options.destroy_data:
        yield error(
            "destroyData",
            "is true while deletionProtection is true",
            "Set one of them to false: a protected stack keeps its data",
        )


def _check_tags(options: Options) -> Iterator[Finding]:
    """Check what the EBS CSI driver, which gets the tags as one argument, cannot set."""
    for key, value in options.tags.items():
        if key.startswith(RESERVED_TAGS):
            yield error(
                f"tags.{key}",
                "is a tag that AWS or the EBS CSI driver sets itself",
                "Use another key",
            )
        elif set(UNUSABLE_IN_TAGS) & set(key + value) or "=" in key:
            yield error(
                f"tags.{key}",
                f"{value!r} cannot be a tag of volumes, whose driver takes no {UNUSABLE_IN_TAGS},"
                " and no = in a key",
                "Use letters, digits, spaces and + - = . _ : / @",
            )


def _check_exposure(options: Options) -> Iterator[Finding]:
    sources = options.load_balancer.source_cidrs
    if len(set(sources)) < len(sources):
        yield error(
            "loadBalancer.sourceCidrs",
            f"names a range twice: {', '.join(map(str, sources))}",
            "Name each range once",
        )
    open_to_all = addressing.EVERYWHERE in options.load_balancer.source_cidrs
    if open_to_all and not options.load_balancer.internal:
        remedy = "Set loadBalancer.sourceCidrs or loadBalancer.internal"
    else:
        remedy = "Use it only from trusted networks"
    yield warning(
        "loadBalancer",
        "the load balancer speaks plain HTTP: tokens and session cookies are not encrypted",
        f"{remedy} until a domain gives it a certificate. Replace every token that was used"
        " before then",
    )
