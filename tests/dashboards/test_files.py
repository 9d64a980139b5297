"""What is committed is what the code renders, and Grafana can show it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dashboards.catalogue import CHECKOUT, pages
from dashboards.page import DoesNotFit, Page, Section, render
from dashboards.panels import Panel, Query, graph
from tests.support.chart import ROOT, Tree
from tests.support.grafana import FILES, panels_of, read

FILE_NAMES = [path.stem for path in FILES]
# A ConfigMap holds 1 MiB, and Helm's Secret holds the chart's beside all else.
MOST_BYTES = 256 * 1024
# Grafana's names (packages/grafana-data, valueFormats), as far as they are used here.
UNITS = {
    *("short", "percentunit", "bytes", "s", "x", "currencyUSD"),
    *("reqps", "cps", "cpm", "rps", "wps", "Bps"),
}
RUNBOOKS = ROOT / "docs" / "runbooks"


@pytest.fixture(params=FILES, ids=FILE_NAMES)
def dashboard(request: pytest.FixtureRequest) -> Tree:
    return read(request.param)


def test_no_other_file_is_deployed_as_a_dashboard() -> None:
    assert set(FILES) == {ROOT / path for path in pages()}


def test_what_is_committed_is_what_make_dashboards_writes(tmp_path: Path) -> None:
    arguments = [sys.executable, "-m", "dashboards", "--root", str(tmp_path)]
    printed = subprocess.run(  # noqa: S603  our own program
        arguments, cwd=CHECKOUT, capture_output=True, text=True, check=True
    ).stdout
    for path in pages():
        committed = (ROOT / path).read_text()
        assert (tmp_path / path).read_text() == committed, "run `make dashboards` and commit"
    total = sum(len(panels_of(read(path))) for path in FILES)
    assert re.search(rf"^all +{total} panels", printed, flags=re.MULTILINE)


def test_panels_fill_the_grid_and_do_not_overlap(dashboard: Tree) -> None:
    assert overlaps(dashboard) == []
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    titles = [panel["title"] for panel in panels_of(dashboard)]
    assert len(set(titles)) == len(titles)


def overlaps(dashboard: Tree) -> list[str]:
    taken: set[tuple[int, int]] = set()
    found = []
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        if cells & taken or max(x for x, _ in cells) >= 24:
            found.append(panel["title"])
        taken |= cells
    return found


def test_a_line_that_does_not_fill_the_grid_is_refused() -> None:
    narrow = graph("Narrow", "Is it?", Query("up", "up"), unit="short", width=8)
    page = Page(
        uid="u", title="t", description="d", sections=[Section("A section", [narrow, narrow])]
    )
    with pytest.raises(DoesNotFit, match="'A section': Narrow, Narrow are 16 columns wide"):
        render(page)


def test_every_panel_answers_a_question(dashboard: Tree) -> None:
    assert dashboard["description"].endswith("?")
    for panel in panels_of(dashboard):
        if panel["type"] == "text":
            assert panel["options"]["content"]
            continue
        assert re.match(r"[A-Z][^.?]*\?( |$)", panel["description"]), panel["title"]


def test_every_panel_has_a_unit_that_grafana_knows(dashboard: Tree) -> None:
    for panel in panels_of(dashboard):
        if panel["type"] != "text":
            assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel["title"]


def test_every_series_of_a_graph_has_a_name(dashboard: Tree) -> None:
    for panel in panels_of(dashboard):
        legends = [target["legendFormat"] for target in panel.get("targets", [])]
        assert len(set(legends)) == len(legends), panel["title"]
        if panel["type"] != "table":
            assert all(legends), panel["title"]


def test_a_legend_names_labels_that_the_query_leaves(dashboard: Tree) -> None:
    for panel in panels_of(dashboard):
        for target in panel.get("targets", []):
            for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
                assert re.search(rf"by \([^)]*\b{label}\b", target["expr"]), panel["title"]


def test_a_table_shows_labels_that_the_query_leaves() -> None:
    shown = 0
    for page in pages().values():
        for panel in panels(page):
            for label in panel.columns:
                [query] = panel.queries
                assert re.search(rf"by \([^)]*\b{label}\b", query.expr), panel.title
                shown += 1
    assert shown > 20


def test_it_asks_the_data_source_that_the_program_makes(dashboard: Tree) -> None:
    source = {"type": "prometheus", "uid": "prometheus"}
    for panel in panels_of(dashboard):
        if panel["type"] != "text":
            assert panel["datasource"] == source
        assert {json.dumps(target["datasource"]) for target in panel.get("targets", [])} <= {
            json.dumps(source)
        }


def test_graphs_of_durations_show_exemplars_and_lead_to_traces(dashboard: Tree) -> None:
    for panel in panels_of(dashboard):
        if panel["type"] != "timeseries":
            continue
        asked = any("duration_seconds_bucket" in target["expr"] for target in panel["targets"])
        if asked and "backend_" in panel["targets"][0]["expr"]:
            assert all(target["exemplar"] for target in panel["targets"]), panel["title"]
            assert "Traces" in [link["title"] for link in panel["links"]], panel["title"]


def test_links_lead_to_what_is_there(dashboard: Tree) -> None:
    uids = {read(path)["uid"] for path in FILES} | {"platform-runbooks"}
    constants = {
        f"${{{variable['name']}}}"
        for variable in dashboard["templating"]["list"]
        if variable["type"] == "constant"
    }
    links = [*dashboard["links"], *(x for p in panels_of(dashboard) for x in p.get("links", []))]
    assert links[0]["tags"] == ["platform"] == dashboard["tags"]
    for link in links[1:]:
        url = link["url"]
        assert link["placement"] == "", "in a menu that has to be opened first"
        if url.startswith("/d/"):
            assert url.removeprefix("/d/").partition("?")[0] in uids, url
        elif not url.startswith("/explore?"):
            assert url.partition("/")[0] in constants, url


def test_runbooks_that_panels_link_to_exist() -> None:
    alerts = {
        alert for page in pages().values() for panel in panels(page) for alert in panel.alerts
    }
    assert len(alerts) >= 15
    assert {name for name in alerts if not (RUNBOOKS / f"{name}.md").exists()} == set()


def test_panels_that_runbooks_name_exist() -> None:
    titles = {(page.title, panel.title) for page in pages().values() for panel in panels(page)}
    named = {
        found
        for path in RUNBOOKS.glob("*.md")
        for found in re.findall(r'\*([A-Z][\w ]+)\*, "([^"]+)"', path.read_text())
    }
    assert len(named) >= 5
    assert named - titles == set()


def panels(page: Page) -> list[Panel]:
    return [panel for section in page.sections for panel in section.panels]


def test_a_dashboard_fits_into_a_config_map(dashboard: Tree) -> None:
    assert len(json.dumps(dashboard, indent=2)) < MOST_BYTES


def test_variables_work_with_one_value_and_with_all(dashboard: Tree) -> None:
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "constant":
            continue
        used = f"${variable['name']}"
        matchers = {
            found
            for panel in panels_of(dashboard)
            for target in panel.get("targets", [])
            for found in re.findall(r'(=~?)"' + re.escape(used) + '"', target["expr"])
        }
        assert matchers, f"{used} changes nothing"
        if variable["multi"]:
            assert matchers == {"=~"}
            assert variable["allValue"] == ".*"
        else:
            assert variable["current"]["value"] == "observability"
