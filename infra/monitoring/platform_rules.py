"""Alerts on what the backend runs on: the files of infra/monitoring/rules and their thresholds.

Pure. The files are plain Prometheus rule files, so promtool checks and tests them as they are. A
threshold that comes from the settings is recorded as a series of its own (platform:…).
"""

import functools
from pathlib import Path

import yaml

from infra.config.options import Options

RULES = Path(__file__).parent / "rules"
GIB = 1024**3


def rule_groups(options: Options) -> list[dict[str, object]]:
    """Return the groups of a PrometheusRule that apply with these options, and the thresholds."""
    numbers = _numbers(options)
    return [
        *([_group_of(numbers)] if numbers else []),
        *(group for name in _files(options) for group in _read(name)),
    ]


def _files(options: Options) -> list[str]:
    chosen = options.observability
    return [
        *(["database"] if chosen.database_metrics else []),
        "node_capacity",
        "webhooks",
        *(["cost"] if _budget(options) else []),
    ]


def _numbers(options: Options) -> dict[str, int]:
    chosen, numbers = options.observability, dict[str, int]()
    if chosen.database_metrics:
        # RDS grows the storage up to here. Its GB are GiB.
        ceiling = options.database.storage_ceiling_gb * GIB
        numbers["platform:database_storage_ceiling:bytes"] = ceiling
    if budget := _budget(options):
        numbers["platform:cluster_budget:usd_per_month"] = budget
    return numbers


def _budget(options: Options) -> int | None:
    """Return US dollars a month; None without a budget or without OpenCost."""
    cost = options.observability.cost
    return cost.monthly_budget_usd if cost.enabled else None


def _group_of(numbers: dict[str, int]) -> dict[str, object]:
    records = [{"record": name, "expr": f"vector({value})"} for name, value in numbers.items()]
    return {"name": "platform-settings", "rules": records}


@functools.cache
def _read(name: str) -> list[dict[str, object]]:
    content: dict[str, list[dict[str, object]]] = yaml.safe_load(
        (RULES / f"{name}.yaml").read_text()
    )
    return content["groups"]
