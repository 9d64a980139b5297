"""The preview shows every panel and says what it is not; numbers come from a real Prometheus."""

import functools
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboards.preview.numbers import written
from dashboards.preview.page import NOT_GRAFANA, preview
from dashboards.preview.prometheus import Prometheus
from infra import versions
from tests.dashboards import cluster_stand_in
from tests.dashboards.scraping import exporters, rule_files, stand_in_cluster
from tests.support.chart import Tree
from tests.support.grafana import FILES, filled_in, panels_of, read
from tests.support.polling import wait_for
from tests.support.prometheus import Prometheus as Server
from tests.support.prometheus import running_prometheus
from tests.support.third_party import archive
from tests.support.tools import require_tool

SECONDS = 60
# What nobody wants to see is not among the stand-in's numbers.
EMPTY_WHEN_ALL_IS_WELL = {
    *("Under pressure", "Autoscalers that cannot scale", "Containers that wait"),
    *("Out of memory", "Restarts"),
}
# From a real exporter, of this machine.
OF_THE_NODE = {"CPU used", "Memory used", "Nodes' disks", "Network in", "Network out"}


def file_of(name: str) -> Path:
    return next(path for path in FILES if path.stem == name)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_without_a_prometheus_it_is_the_layout_and_says_so(path: Path) -> None:
    page = preview(path.read_text(), None)
    assert NOT_GRAFANA in page
    panels = panels_of(read(path))
    drawn = [panel for panel in panels if panel["type"] != "text"]
    assert page.count("no data here") == len(drawn)
    assert page.count("<section") == len(panels)


def test_what_a_dashboard_says_is_text_and_no_markup() -> None:
    board = file_of("cost").read_text().replace("By namespace", "<script>alert(1)</script>")
    page = preview(board, None, "<b>note</b>")
    assert "<script" not in page
    assert "&lt;b&gt;note" in page


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.123, "percentunit", "12.3 %"),
        (1536, "bytes", "1.5 KiB"),
        (0.0215, "s", "21.5 ms"),
        (90, "s", "90 s"),
        (7200, "s", "2 h"),
        (172_800, "s", "2 days"),
        (137.4, "currencyUSD", "$137"),
        (0, "bytes", "0 B"),
        (12_345, "short", "12,345"),
    ],
)
def test_numbers_have_their_units(value: float, unit: str, text: str) -> None:
    assert written(value, unit) == text


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Prometheus with the stand-in's cluster and every recording rule."""
    archive(versions.PROMETHEUS_STACK_CHART)  # has the stack's recording rules
    folder = tmp_path_factory.mktemp("prometheus")
    with (
        stand_in_cluster() as jobs,
        exporters(None, folder / "exporters.log") as real,
        running_prometheus(
            [*jobs, *real], folder, rule_files=rule_files(folder), interval="1s"
        ) as started,
    ):
        # The rule that needs most: use, by a rate, of pods with their nodes.
        used = "node_namespace_pod_container:container_cpu_usage_seconds_total:sum_rate5m"
        wait_for(lambda: started.query(used), seconds=SECONDS, what="the last rule")
        yield started


@pytest.mark.parametrize("name", ["kubernetes", "cost"])
def test_queries_join_what_they_shall_join(server: Server, name: str) -> None:
    """The labels are the exporters', so a matching that matches nothing is seen."""
    silent = {
        panel["title"]
        for panel in panels_of(read(file_of(name)))
        for target in panel.get("targets", [])
        if not server.query(all_namespaces(target["expr"]))
    }
    expected = EMPTY_WHEN_ALL_IS_WELL if name == "kubernetes" else set[str]()
    assert silent - OF_THE_NODE == expected


def test_what_a_real_exporter_says_of_a_node_gets_the_nodes_name(server: Server) -> None:
    """Also that Debian's, years older than the chart's, has every metric that is asked for."""
    require_tool("prometheus-node-exporter", package="prometheus-node-exporter")
    asked = [p for p in panels_of(read(file_of("kubernetes"))) if p["title"] in OF_THE_NODE]
    assert len(asked) == len(OF_THE_NODE)
    for panel in asked:
        query = filled_in(expr_of(panel))
        [series] = wait_for(
            functools.partial(server.query, query), seconds=SECONDS, what=panel["title"]
        )
        assert series["metric"] == {"node": cluster_stand_in.NODES[0]}


def all_namespaces(query: str) -> str:
    return filled_in(query.replace('"$namespace"', '".*"'))


def test_numbers_are_drawn(server: Server) -> None:
    source = Prometheus(
        server.address, time.time(), 60, {"__rate_interval": "1m", "namespace": ".*", "node": ".*"}
    )
    page = preview(file_of("cost").read_text(), source, "Made up.")
    assert "no data here" not in page
    assert "t3.medium" in page
    assert page.count("<svg") > 6
    assert "Made up." in page


def test_the_rooms_of_the_cluster_are_added_up(server: Server) -> None:
    """Once by hand: 23 pods of 70 places."""
    [places] = [p for p in panels_of(read(file_of("kubernetes"))) if p["title"] == "Places taken"]
    assert server.value(filled_in(expr_of(places))) == pytest.approx(23 / 70)


def expr_of(panel: Tree) -> str:
    [target] = panel["targets"]
    text: str = target["expr"]
    return text
