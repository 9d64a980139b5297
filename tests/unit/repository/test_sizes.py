"""A file that no longer fits in the head holds two subjects."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SOURCES = ("backend", "benchmarks", "dashboards", "e2e", "infra", "local", "release", "tests")
LINES = 300
# Hypotheses, tables of cases and fixtures in one place read better than split.
LINES_OF_A_TEST = 400


def _sources() -> list[Path]:
    return [path for folder in SOURCES for path in sorted((ROOT / folder).rglob("*.py"))]


def _too_long(path: Path) -> bool:
    limit = LINES_OF_A_TEST if "tests" in path.parts else LINES
    return len(path.read_text().splitlines()) > limit


def test_no_file_has_outgrown_its_subject() -> None:
    sources = _sources()
    assert len(sources) > 100
    assert [str(path.relative_to(ROOT)) for path in sources if _too_long(path)] == []


@pytest.mark.parametrize(("lines", "too_long"), [(LINES, False), (LINES + 1, True)])
def test_a_long_file_is_seen(tmp_path: Path, lines: int, too_long: bool) -> None:
    path = tmp_path / "module.py"
    path.write_text("pass\n" * lines)
    assert _too_long(path) is too_long
