"""Changes at whose end AWS refuses to delete what was replaced or switched off. Pure.

Pulumi deletes last, with the settings that the resource has in the state. So `pulumi up` would end
in an error after everything else, and no later one could repair it.
"""

from collections.abc import Callable, Mapping

from infra.config.network import FlowLogDestination
from infra.config.options import Options
from infra.validation.guarded import Guarded, Value

_PROTECTED = " (protected)"
_FULL = "a bucket that is kept"
_BEFORE = "in a `pulumi up` of its own, before this change (docs/first-year.md)"


def _balancer(options: Options) -> str:
    kind = "internal" if options.load_balancer.internal else "internet-facing"
    return f"{kind}{_PROTECTED * options.deletion_protection}"


def _replaced(old: Value, new: Value, _: Options) -> str | None:
    before, protected, _rest = str(old).partition(_PROTECTED)
    if protected and before != str(new).removesuffix(_PROTECTED):
        return "AWS does not delete a protected load balancer, and this change needs another one"
    return None


def _bucket(exists: Callable[[Options], bool]) -> Guarded:
    """Guard a bucket that holds logs: without destroyData, it is not emptied."""

    def read(options: Options, _: object) -> str:
        if not exists(options):
            return ""
        return "a bucket" if options.destroy_data else _FULL

    def rule(old: Value, new: Value, _: Options) -> str | None:
        reason = "the bucket goes, and AWS deletes none that holds anything"
        return reason if old == _FULL and not new else None

    return Guarded(read, rule, f"Set deletionProtection to false and destroyData to true {_BEFORE}")


def _logs(options: Options) -> bool:
    observability = options.observability
    return observability.enabled and (
        observability.logs.enabled and observability.logs.object_storage
    )


UNDELETABLE: Mapping[str, Guarded] = {
    "loadBalancer.internal": Guarded(
        lambda options, _: _balancer(options),
        _replaced,
        f"Set deletionProtection to false {_BEFORE}",
    ),
    "loadBalancer.accessLogs": _bucket(lambda options: options.load_balancer.access_logs),
    "network.flowLogs": _bucket(
        lambda options: options.network.flow_logs.destination is FlowLogDestination.S3
    ),
    "observability.logs.objectStorage": _bucket(_logs),
}
