"""Which metrics others' programs expose: lists in tests/contract/metric_lists, with their source.

For what does not run where the tests do. A line that begins with # says where the names are from.
"""

from collections.abc import Mapping
from pathlib import Path

LISTS = Path(__file__).parents[1] / "contract" / "metric_lists"


def metric_lists() -> Mapping[str, frozenset[str]]:
    """Return the names by the list's own."""
    return {path.stem: _names(path) for path in sorted(LISTS.glob("*.txt"))}


def _names(path: Path) -> frozenset[str]:
    lines = path.read_text().splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))
