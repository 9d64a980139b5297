"""The chart's dashboard arrives in Grafana's ConfigMap; what it shows: tests/dashboards."""

import json

from tests.support.chart import CHART, ci_values, merged, render

DASHBOARDS = sorted((CHART / "files" / "dashboards").glob("*.json"))


def test_the_config_map_holds_them_with_the_sidecars_label() -> None:
    values = {"dashboards": {"enabled": True, "labels": {"grafana_dashboard": "yes"}}}
    installed = render(merged(ci_values(), values))["ConfigMap", "backend-dashboards"]
    assert installed["metadata"]["labels"]["grafana_dashboard"] == "yes"
    assert DASHBOARDS
    assert {name: json.loads(text) for name, text in installed["data"].items()} == {
        path.name: json.loads(path.read_text()) for path in DASHBOARDS
    }
