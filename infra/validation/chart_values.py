"""Finds keys in our chart values that the chart does not read. Helm ignores them silently.

Pure, and without the charts: infra/third_party/chart_keys records which keys each map of our values
may have. tests/support/chart_keys.py writes the records, and a test compares them with the charts.
"""

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path

from infra.config.findings import Finding, error, warning
from infra.third_party.charts import chart_values
from infra.versions import THIRD_PARTY_CHARTS, HelmChart

RECORDS = Path(__file__).parents[1] / "third_party" / "chart_keys"
RECORD_AGAIN = "Run `make charts-lock`, then `python -m tests.support.chart_keys`"


def record_of(chart: HelmChart) -> Path:
    return RECORDS / f"{chart.name}.txt"


def validate_chart_values() -> Iterator[Finding]:
    """Check the files of infra/third_party/chart_values."""
    for chart in THIRD_PARTY_CHARTS:
        yield from validate_values(chart, chart_values(chart))


def validate_values(chart: HelmChart, values: Mapping[str, object]) -> Iterator[Finding]:
    """Check one chart's values against its record."""
    setting = f"infra/third_party/chart_values/{chart.name}.yaml"
    of, *lines = record_of(chart).read_text().splitlines()
    if of != f"# {chart.name}-{chart.version}":
        yield warning(
            setting,
            f"the recorded keys belong to {of.removeprefix('# ')}, but the chart is"
            f" {chart.name}-{chart.version}: a misspelt key would go unnoticed",
            RECORD_AGAIN,
        )
        return
    known = {path: keys.split() for path, _, keys in (line.partition(": ") for line in lines)}
    for path, name in _names(values, "", known):
        keys = known[path]
        if name not in keys:
            near = difflib.get_close_matches(name, keys, n=1)
            yield error(
                setting,
                f"{f'{path}.{name}'.lstrip('.')} is not a key of {chart.name} {chart.version},"
                " so the chart would ignore it",
                f"Write {near[0]!r}, or remove it" if near else "Remove it",
            )


def _names(
    values: Mapping[str, object], path: str, known: Mapping[str, list[str]]
) -> Iterator[tuple[str, str]]:
    """Yield each key with the path of its map, as far as maps are recorded."""
    if path not in known:
        return
    for name, value in values.items():
        yield path, name
        if isinstance(value, Mapping):
            yield from _names(value, f"{path}.{name}".lstrip("."), known)
