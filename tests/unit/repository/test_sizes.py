"""A file that no longer fits in the head holds two subjects."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SOURCES = ("backend", "benchmarks", "dashboards", "e2e", "infra", "local", "release", "tests")
LINES = 300
# Hypotheses, tables of cases and fixtures in one place read better than split.
LINES_OF_A_TEST = 400


def _sources() -> list[Path]:
    return [path for folder in SOURCES for path in sorted((ROOT / folder).rglob("*.py"))]


def test_no_file_has_outgrown_its_subject() -> None:
    sources = _sources()
    assert len(sources) > 100
    lengths = {path: len(path.read_text().splitlines()) for path in sources}
    limits = {path: LINES_OF_A_TEST if "tests" in path.parts else LINES for path in sources}
    assert [str(path) for path in sources if lengths[path] > limits[path]] == []
