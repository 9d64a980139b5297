"""The backend's alerts are installed as the files have them (tests/contract/test_rules.py)."""

from tests.support.chart import Tree, ci_values, load, merged, render
from tests.support.rules import BACKEND_FILES, alerts_of


def _installed(changes: Tree | None = None) -> Tree:
    values = merged(ci_values(), {"prometheusRule": {"enabled": True, **(changes or {})}})
    spec: Tree = render(values)["PrometheusRule", "backend"]["spec"]
    return spec


def test_they_are_installed_as_they_are_in_the_files() -> None:
    assert _installed()["groups"] == [
        group for path in BACKEND_FILES for group in load(path)["groups"]
    ]


def test_runbooks_can_be_read_where_they_are_published() -> None:
    base = "https://runbooks.example.com/docs/runbooks"
    for given in (base, base + "/"):
        for rule in alerts_of([_installed({"runbookBaseUrl": given})]):
            assert rule["annotations"]["runbook_url"] == f"{base}/{rule['alert']}.md"
