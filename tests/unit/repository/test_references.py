"""Documentation names files and tests; what it names exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
# `infra/test_network.py::test_name`: a test below tests/.
TEST = re.compile(r"`([\w/]+\.py)::(test_\w+)`")
# [text](relative/path) and ![picture](relative/path), not addresses and not anchors.
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)")


def _missing_tests(text: str) -> list[str]:
    return [
        f"{file}::{name}"
        for file, name in TEST.findall(text)
        if not (ROOT / "tests" / file).is_file()
        or f"def {name}(" not in (ROOT / "tests" / file).read_text()
    ]


def _missing_links(document: Path, text: str) -> list[str]:
    return [target for target in LINK.findall(text) if not (document.parent / target).exists()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_test_and_file_that_a_document_names_exists(document: Path) -> None:
    text = document.read_text()
    assert _missing_tests(text) == []
    assert _missing_links(document, text) == []


def test_every_promise_is_answered_once() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    answered = re.findall(r"^\| ([SC]\d+) \|", text, flags=re.MULTILINE)
    expected = [f"S{n}" for n in range(1, 92)] + [f"C{n}" for n in range(1, 5)]
    assert sorted(answered) == sorted(expected)


def test_a_missing_test_and_a_missing_file_are_seen() -> None:
    assert _missing_tests("`unit/repository/test_references.py::test_nothing`") == [
        "unit/repository/test_references.py::test_nothing"
    ]
    assert _missing_links(ROOT / "README.md", "[a](docs/nothing.md)") == ["docs/nothing.md"]
