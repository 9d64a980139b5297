"""Whether a configuration has only what Loki documents, with values of the right kind. Pure.

Stdlib alone. It knows names and types of reference.txt; what real Loki says is
`loki -verify-config` (docs/operations.md).
"""

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from e2e.monitoring.loki.durations import seconds

_RECORD = Path(__file__).with_name("reference.txt")
_ROOT = "."
_KEY = re.compile(r"(\w+)(?::(\w+)|=(\S+))")
_SIZE = re.compile(r"\d+([KMGTPE]i?)?B?")
# Of Prometheus' durations alone.
_LONG_UNITS = re.compile(r"[dwy]")


@functools.cache
def documented() -> Mapping[str, Mapping[str, str]]:
    """Types, or `a,b,c` of allowed values, by block and key."""
    lines = [line for line in _RECORD.read_text().splitlines() if not line.startswith("#")]
    blocks = (line.partition(" ") for line in lines if line)
    return {
        block: {name: kind or f"={values}" for name, kind, values in _KEY.findall(rest)}
        for block, _, rest in blocks
    }


def problems(content: Mapping[str, Any]) -> list[str]:
    """Say what is wrong with the content of config.yaml; nothing when all is documented."""
    return list(_block(content, _ROOT))


def _block(content: Mapping[str, Any], block: str) -> Iterator[str]:
    keys = documented().get(block, {})
    for name, value in content.items():
        path = name if block == _ROOT else f"{block}.{name}"
        if name in keys:
            if not _fits(value, keys[name]):
                yield f"{path}: {value!r} is no {keys[name].lstrip('=')}"
        elif not any(f"{known}.".startswith(f"{path}.") for known in documented()):
            yield f"{path} is not in reference.txt"
        elif isinstance(value, list):
            for item in value:
                yield from _block(item, path)
        elif isinstance(value, Mapping):
            yield from _block(value, path)
        else:
            yield f"{path}: {value!r} is no block"


def _fits(value: object, kind: str) -> bool:
    if kind.startswith("="):
        return value in kind[1:].split(",")
    return _KINDS[kind](value)


def _is_duration(value: object) -> bool:
    try:
        return isinstance(value, str) and seconds(value) >= 0
    except ValueError:
        return value == "0"


def _is_date(value: object) -> bool:
    try:
        return isinstance(value, date) or date.fromisoformat(str(value)).year > 0
    except ValueError:
        return False


_KINDS: Mapping[str, Callable[[object], bool]] = {
    "bool": lambda value: isinstance(value, bool),
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "text": lambda value: isinstance(value, str),
    "list": lambda value: isinstance(value, list),
    "size": lambda value: _SIZE.fullmatch(str(value)) is not None,
    "period": _is_duration,
    "duration": lambda value: _is_duration(value) and not _LONG_UNITS.search(str(value)),
    "date": _is_date,
}


def disagreements(content: Mapping[str, Any]) -> list[str]:
    """Say which values do not go together, as Loki finds when it starts, or worse, never."""
    return [message for wrong, message in _rules(content) if wrong]


def _rules(content: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    common, limits = content["common"], content["limits_config"]
    compactor, last = content["compactor"], content["schema_config"]["configs"][-1]
    stores = set(common["storage"])
    retention = seconds(limits["retention_period"])
    yield (
        common["replication_factor"] != 1,
        "common.replication_factor is not 1: one process would write nothing",
    )
    yield (
        limits["allow_structured_metadata"] and (last["schema"], last["store"]) != ("v13", "tsdb"),
        "schema_config: structured metadata needs schema v13 with store tsdb",
    )
    yield (
        compactor["retention_enabled"] and not compactor.get("delete_request_store"),
        "compactor.delete_request_store is needed with retention_enabled",
    )
    yield (
        not compactor["retention_enabled"] and retention > 0,
        "compactor.retention_enabled is off: limits_config.retention_period deletes nothing",
    )
    for name, store in (
        ("compactor.delete_request_store", compactor.get("delete_request_store")),
        ("schema_config object_store", last["object_store"]),
    ):
        yield store not in stores, f"{name} is {store}, but common.storage has {sorted(stores)}"
    yield (
        last["store"] == "tsdb" and last["index"]["period"] != "24h",
        "schema_config index.period: tsdb needs 24h",
    )
    # Loki refuses retention below a day: an index table is of one.
    yield 0 < retention < seconds("24h"), "limits_config.retention_period is less than 24h"
    yield (
        seconds(limits["max_query_lookback"]) > retention,
        "limits_config.max_query_lookback asks for what retention has deleted",
    )
    yield (
        limits["ingestion_burst_size_mb"] < limits["ingestion_rate_mb"],
        "limits_config.ingestion_burst_size_mb is below the rate",
    )
    store = common.get("ring", {}).get("kvstore", {}).get("store", "memberlist")
    members = content["memberlist"].get("join_members") or []
    # Members make memberlist the store of every ring that says nothing else.
    yield (
        store == "memberlist" and not members,
        "memberlist.join_members is empty: the rings would look for Consul",
    )
    yield (
        content["memberlist"].get("abort_if_cluster_join_fails", False),
        "memberlist.abort_if_cluster_join_fails: one replica waits for itself, and ends",
    )
    yield content["auth_enabled"], "auth_enabled: every push and query would need a tenant"
