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
from infra.validation.cluster import validate_cluster
from infra.validation.database import validate_database
from infra.validation.network import validate_network
from infra.validation.nodes import validate_nodes
from infra.validation.observability import validate_observability
from infra.validation.place import validate_place
from infra.validation.support import validate_kubernetes, validate_postgres
from infra.validation.tags import validate_tags

# Quota L-0EA8095F of a new account.
RULES_OF_A_GROUP = 60


def validate(options: Options, today: date) -> list[Finding]:
    """Return all errors and warnings about `options`, in the order of the settings."""
    return list(
        chain(
            validate_place(options),
            validate_network(options),
            validate_cluster(options.cluster),
            validate_kubernetes(options, today),
            validate_nodes(options),
            validate_database(options),
            validate_postgres(options, today),
            _check_replicas(options),
            validate_observability(options),
            validate_chart_values(),
            _check_protection(options),
            _check_exposure(options),
            validate_tags(options.tags),
        )
    )


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


def _check_exposure(options: Options) -> Iterator[Finding]:
    sources = options.load_balancer.source_cidrs
    if len(set(sources)) < len(sources):
        yield error(
            "loadBalancer.sourceCidrs",
            f"names a range twice: {', '.join(map(str, sources))}",
            "Name each range once",
        )
    if len(sources) > RULES_OF_A_GROUP:
        yield warning(
            "loadBalancer.sourceCidrs",
            f"has {len(sources)} ranges, and AWS allows a security group {RULES_OF_A_GROUP} rules,"
            " unless you have asked for more",
            "Join ranges, or raise the quota `Inbound or outbound rules per security group`",
        )
    if addressing.is_everywhere(sources) and not options.load_balancer.internal:
        remedy = "Set loadBalancer.sourceCidrs or loadBalancer.internal"
    else:
        remedy = "Use it only from trusted networks"
    yield warning(
        "loadBalancer",
        "the load balancer speaks plain HTTP: tokens and session cookies are not encrypted",
        f"{remedy} until a domain gives it a certificate. Replace every token that was used"
        " before then",
    )
