"""The dashboards: each panel asks a question, and all of them arrive in Grafana's ConfigMap."""

import json

import pytest

from tests.support.chart import CHART, Tree, ci_values, merged, render

DASHBOARDS = sorted((CHART / "files" / "dashboards").glob("*.json"))


def _dashboard(name: str) -> Tree:
    loaded: Tree = json.loads((CHART / "files" / "dashboards" / name).read_text())
    return loaded


@pytest.fixture(params=[path.name for path in DASHBOARDS])
def dashboard(request: pytest.FixtureRequest) -> Tree:
    return _dashboard(request.param)


def test_there_is_one() -> None:
    assert DASHBOARDS


def test_every_panel_asks_a_question_and_explains_its_answer(dashboard: Tree) -> None:
    for panel in dashboard["panels"]:
        assert panel["title"].endswith("?"), panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        assert panel["targets"], panel["title"]


def test_it_asks_the_source_and_the_namespace_that_are_chosen(dashboard: Tree) -> None:
    names = [variable["name"] for variable in dashboard["templating"]["list"]]
    assert names == ["datasource", "namespace"]
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == "${datasource}", panel["title"]
            assert 'namespace="$namespace"' in target["expr"] or "limit" in target["expr"]


def test_panels_do_not_overlap(dashboard: Tree) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert max(x for x, _ in cells) < 24, "Grafana's grid has 24 columns"
        assert not cells & taken, panel["title"]
        taken |= cells
    identifiers = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(identifiers)) == len(identifiers)


def test_the_config_map_holds_them_with_the_sidecars_label() -> None:
    values = {"dashboards": {"enabled": True, "labels": {"grafana_dashboard": "yes"}}}
    installed = render(merged(ci_values(), values))["ConfigMap", "backend-dashboards"]
    assert installed["metadata"]["labels"]["grafana_dashboard"] == "yes"
    assert {name: json.loads(text) for name, text in installed["data"].items()} == {
        path.name: _dashboard(path.name) for path in DASHBOARDS
    }
