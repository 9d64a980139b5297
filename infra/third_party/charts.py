"""Third-party Helm charts: their sources and our values for them. Pure."""

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from infra.versions import HelmChart

OCI = "oci://"
VALUES = Path(__file__).parent / "chart_values"
HASH_CHARACTERS = 16


@dataclass(frozen=True, slots=True)
class ChartSource:
    """What a Helm release needs: a name in a repository, or an archive without one."""

    chart: str
    version: str
    repository: str | None


def chart_source(chart: HelmChart, directory: str | None) -> ChartSource:
    """Return a chart's source: its publisher, or a folder where the publisher is unreachable."""
    if directory is None:
        if chart.repository.startswith(OCI):
            # A registry has no index: the chart's name is part of the address.
            return ChartSource(f"{chart.repository}/{chart.name}", chart.version, None)
        return ChartSource(chart.name, chart.version, chart.repository)
    return ChartSource(f"{directory.rstrip('/')}/{chart.archive}", chart.version, None)


def chart_values(chart: HelmChart) -> Mapping[str, object]:
    """Return the values that every deployment shares (chart_values/<chart>.yaml)."""
    return _read(VALUES / f"{chart.name}.yaml")


@functools.cache
def _read(file: Path) -> Mapping[str, object]:
    values: dict[str, object] = yaml.safe_load(file.read_text())
    return values


def merged(base: Mapping[str, object], over: Mapping[str, object]) -> dict[str, object]:
    """Lay `over` onto `base`, maps key by key, as Helm lays values over defaults."""
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            result[key] = merged(below, value)
        else:
            result[key] = value
    return result


def content_hash(value: object) -> str:
    """Return what changes with the value: put on a pod, it makes a change restart it."""
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_CHARACTERS]
