"""Documentation names files and tests; what it names exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("docs", "e2e", "charts")
DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    *(path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.md"))),
]
# `infra/test_network.py::test_name`: a test below tests/; `e2e/tests/…` is given whole.
TEST = re.compile(r"`([\w/]+\.py)::(test_\w+)`")
# [text](relative/path) and ![picture](relative/path), not addresses and not anchors.
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)")
# [text](page.md#heading) and [text](#heading).
ANCHOR = re.compile(r"\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", flags=re.MULTILINE)

# `make up`, in a sentence or at the start of a line of a code block; not "make one", as people say.
COMMAND = re.compile(r"(?:`|^\s*)make ([a-z][a-z0-9-]*)(?=[` ]|$)", flags=re.MULTILINE)
TARGET = re.compile(r"^([a-z][a-z0-9-]*):", flags=re.MULTILINE)


def _missing_tests(text: str) -> list[str]:
    return [f"{file}::{name}" for file, name in TEST.findall(text) if not _test_exists(file, name)]


def _test_exists(file: str, name: str) -> bool:
    path = ROOT / (file if file.startswith("e2e/") else f"tests/{file}")
    return path.is_file() and f"def {name}(" in path.read_text()


def _missing_links(document: Path, text: str) -> list[str]:
    return [target for target in LINK.findall(text) if not (document.parent / target).exists()]


def _missing_headings(document: Path, text: str) -> list[str]:
    named = (
        (document.parent / page if page else document, it) for page, it in ANCHOR.findall(text)
    )
    return [heading for page, heading in named if heading not in _headings(page.read_text())]


def _headings(text: str) -> set[str]:
    """Spell the headings as GitHub does in addresses."""
    return {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in HEADING.findall(text)
    }


def _missing_targets(text: str) -> set[str]:
    return set(COMMAND.findall(text)) - set(TARGET.findall((ROOT / "Makefile").read_text()))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_test_and_file_that_a_document_names_exists(document: Path) -> None:
    text = document.read_text()
    assert _missing_tests(text) == []
    assert _missing_links(document, text) == []
    assert _missing_headings(document, text) == []
    assert _missing_targets(text) == set()


def test_every_promise_is_answered_once() -> None:
    text = (ROOT / "docs" / "requirements.md").read_text()
    answered = re.findall(r"^\| ([SC]\d+) \|", text, flags=re.MULTILINE)
    expected = [f"S{n}" for n in range(1, 92)] + [f"C{n}" for n in range(1, 5)]
    assert sorted(answered) == sorted(expected)


def test_a_missing_test_file_and_target_are_seen() -> None:
    assert _missing_tests("`unit/repository/test_references.py::test_nothing`") == [
        "unit/repository/test_references.py::test_nothing"
    ]
    assert _missing_links(ROOT / "README.md", "[a](docs/nothing.md)") == ["docs/nothing.md"]
    readme = ROOT / "README.md"
    assert _missing_headings(readme, "[a](#nothing) [b](#quick-start) [c](SECURITY.md#no)") == [
        "nothing",
        "no",
    ]
    assert _missing_targets("`make nothing`, then\n  make everything STACK=x # or\nmake up") == {
        "nothing",
        "everything",
    }
