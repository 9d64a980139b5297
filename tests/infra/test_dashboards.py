"""The program's dashboards: ConfigMaps that Grafana's sidecar finds, and the runbooks as one."""

import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from dashboards import links
from infra import naming
from infra.config.observability import ObservabilityOptions
from infra.monitoring import runbook_board
from infra.plan.model import Plan
from infra.third_party import grafana
from tests.support.chart import Tree
from tests.support.grafana import FILES, panels_of, read
from tests.support.plan import inputs_of, plan_of, plan_with

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
ALL = {
    *("dashboards-overview", "dashboards-database", "dashboards-kubernetes"),
    *("dashboards-cost", "dashboards-runbooks"),
}
RUNBOOKS = sorted(runbook_board.RUNBOOK_FILES.glob("*.md"))


def names(plan: Plan) -> set[str]:
    return {each.name for each in plan.of_type(CONFIG_MAP) if each.name.startswith("dashboards-")}


def plan_without(**parts: Tree) -> Plan:
    def change(values: Tree) -> None:
        values["observability"] = values.get("observability", {}) | parts

    return plan_with(change)


def board_of(plan: Plan, name: str) -> Tree:
    [(file, text)] = inputs_of(plan, f"dashboards-{name}")["data"].items()
    assert file == f"{name}.json"
    loaded: Tree = json.loads(text)
    return loaded


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_dashboard_is_a_config_map_where_grafana_is(stack: str) -> None:
    plan = plan_of(stack)
    assert names(plan) == ALL
    for name in ALL:
        metadata = inputs_of(plan, name)["metadata"]
        assert metadata["namespace"] == naming.MONITORING_NAMESPACE
        assert "observability-namespace" in plan.waits_for(name)


@pytest.mark.parametrize(
    ("parts", "left"),
    [
        ({"cost": {"enabled": False}}, ALL - {"dashboards-cost"}),
        ({"metrics": {"enabled": False}, "cost": {"enabled": False}}, set[str]()),
    ],
)
def test_what_is_not_measured_has_no_dashboard(parts: Tree, left: set[str]) -> None:
    assert names(plan_without(**parts)) == left


def test_the_overview_links_to_the_console_where_it_is() -> None:
    board = board_of(plan_of("dev"), "overview")
    [console] = [v for v in board["templating"]["list"] if v["name"] == links.CONSOLE]
    assert console["query"] == plan_of("dev").outputs["url"]
    assert f"${{{links.CONSOLE}}}/" in [link["url"] for link in board["links"] if "url" in link]


def test_links_and_queries_name_the_data_sources_that_the_program_makes() -> None:
    """Both name them by themselves: the package and the program import nothing of each other."""
    named = (links.PROMETHEUS, links.LOKI, links.JAEGER)
    assert named == (grafana.PROMETHEUS, grafana.LOKI, grafana.JAEGER)
    made = {str(source["uid"]) for source in grafana.data_sources(ObservabilityOptions())}
    assert made == {links.LOKI, links.JAEGER}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_links_to_log_lines_and_traces_open_a_query_in_one_of_them(path: Path) -> None:
    opened = 0
    for panel in panels_of(read(path)):
        for link in panel.get("links", []):
            if link["url"].startswith("/explore?"):
                [panes] = parse_qs(urlsplit(link["url"]).query)["panes"]
                [pane] = json.loads(panes).values()
                [query] = pane["queries"]
                kind = {"Log lines": links.LOKI, "Traces": links.JAEGER}[link["title"]]
                assert (pane["datasource"], query["datasource"]["uid"]) == (kind, kind)
                assert query.get("expr") or query["service"] == links.SERVICE
                opened += 1
    assert opened or path.stem in {"cost", "kubernetes"}


def test_every_runbook_is_a_panel_that_links_find_by_its_number() -> None:
    board = board_of(plan_of("dev"), "runbooks")
    assert board["uid"] == runbook_board.RUNBOOKS_UID
    assert board["tags"] == [links.TAG]
    numbers = {panel["title"]: panel["id"] for panel in board["panels"]}
    assert list(numbers) == [path.stem for path in RUNBOOKS]
    assert len(set(numbers.values())) == len(numbers)
    for alert, number in numbers.items():
        assert runbook_board.runbook_url(alert).endswith(f"=panel-{number}")
    for panel, path in zip(board["panels"], RUNBOOKS, strict=True):
        content = runbook_board.linked(path.read_text())
        assert panel["options"] == {"mode": "markdown", "content": content}


def test_links_between_runbooks_lead_somewhere_in_grafana() -> None:
    panels = {f"panel-{panel['id']}" for panel in board_of(plan_of("dev"), "runbooks")["panels"]}
    contents = [runbook_board.linked(path.read_text()) for path in RUNBOOKS]
    targets = [target for text in contents for target in re.findall(r"\]\(([^)]+)\)", text)]
    inside = [target for target in targets if not target.startswith("https://")]
    assert inside
    for target in inside:
        page, _, panel = target.partition("?viewPanel=")
        assert page == f"/d/{runbook_board.RUNBOOKS_UID}"
        assert panel in panels
    assert any("operations (docs/operations.md)" in text for text in contents)
