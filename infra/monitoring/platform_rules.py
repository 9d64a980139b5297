"""Alerts on what the backend runs on: files of infra/monitoring/rules, and the numbers that they compare with.

Pure. The files are plain Prometheus files, so that promtool can check and test them as they are: a
number that only the settings know is a series of its own (platform:…), and not in their text.
"""  # noqa: E501

from pathlib import Path

import yaml

from infra.config.options import Options

RULES = Path(__file__).parent / "rules"
GIB = 1024**3


def rule_groups(options: Options) -> list[dict[str, object]]:
    """Return the groups of a PrometheusRule: what applies with these options, and its numbers."""
    numbers = _numbers(options)
    return [
        *([_group_of(numbers)] if numbers else []),
        *(group for name in _files(options) for group in _read(name)),
    ]


def _files(options: Options) -> list[str]:
    chosen = options.observability
    return [
        *(["database"] if chosen.database_metrics else []),
        "room",
        "webhooks",
        *(["cost"] if _budget(options) else []),
    ]


def _numbers(options: Options) -> dict[str, int]:
    chosen, numbers = options.observability, dict[str, int]()
    if chosen.database_metrics:
        # RDS lets the storage grow to here; its GB are GiB.
        ceiling = options.database.storage_ceiling_gb * GIB
        numbers["platform:database_storage_ceiling:bytes"] = ceiling
    if budget := _budget(options):
        numbers["platform:cluster_budget:usd_per_month"] = budget
    return numbers


def _budget(options: Options) -> int | None:
    """Return US dollars a month, or None where nobody knows what anything costs."""
    cost = options.observability.cost
    return cost.monthly_budget_usd if cost.enabled else None


def _group_of(numbers: dict[str, int]) -> dict[str, object]:
    records = [{"record": name, "expr": f"vector({value})"} for name, value in numbers.items()]
    return {"name": "platform-settings", "rules": records}


def _read(name: str) -> list[dict[str, object]]:
    content: dict[str, list[dict[str, object]]] = yaml.safe_load(
        (RULES / f"{name}.yaml").read_text()
    )
    return content["groups"]
