"""Other projects' charts are pulled by the real Helm from a repository on this machine."""

import hashlib
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import helm_python
import pytest

from infra.versions import THIRD_PARTY_CHARTS, HelmChart
from tests.support import chart_archives
from tests.support.chart import CHART


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HelmChart]:
    """Our own chart, as a publisher serves it."""
    folder = tmp_path_factory.mktemp("repository")
    helm_python.package(CHART, destination=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        helm_python.repo_index_generate(folder, base_url=url)
        Thread(target=server.serve_forever, daemon=True).start()
        version = next(folder.glob("*.tgz")).stem.removeprefix("backend-")
        yield HelmChart("backend", version, url)
        server.shutdown()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHARTS", str(tmp_path))
    monkeypatch.setattr(chart_archives, "LOCK", tmp_path / "charts.lock")
    (tmp_path / "charts.lock").touch()
    return tmp_path


def test_a_chart_without_a_recorded_checksum_is_not_pulled(chart: HelmChart, folder: Path) -> None:
    with pytest.raises(chart_archives.ChartError, match="no checksum is recorded for backend-"):
        chart_archives.provide(chart, {})
    assert not list(folder.glob("*.tgz"))


def test_a_recorded_chart_is_pulled_checked_and_found(chart: HelmChart, folder: Path) -> None:
    sums: dict[str, str] = {}
    chart_archives.provide(chart, sums, record=True)
    archive = folder / chart.archive
    assert sums == {chart.archive: hashlib.sha256(archive.read_bytes()).hexdigest()}
    archive.unlink()
    chart_archives.provide(chart, sums)
    (folder / "charts.lock").write_text(f"{sums[chart.archive]}  {chart.archive}\n")
    assert chart_archives.find(chart.archive) == archive
    archive.write_bytes(b"another")
    with pytest.raises(chart_archives.ChartError, match="is not the chart that was recorded"):
        chart_archives.find(chart.archive)


@pytest.mark.parametrize("record", [False, True])
def test_a_chart_that_changed_at_its_publisher_is_refused(
    chart: HelmChart, folder: Path, record: bool
) -> None:
    with pytest.raises(chart_archives.ChartError, match="is not the chart that was recorded"):
        chart_archives.provide(chart, {chart.archive: "0" * 64}, record=record)
    assert not list(folder.glob("*.tgz"))


def test_a_publisher_that_cannot_be_reached_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = HelmChart("loki", "1.0.0", "http://127.0.0.1:9")
    monkeypatch.setattr(chart_archives, "THIRD_PARTY_CHARTS", (nowhere,))
    assert chart_archives.main(["--lock"]) == 1
    out, err = capsys.readouterr()
    assert "loki-1.0.0.tgz cannot be pulled" in err
    assert out.startswith("0 of 1 charts are in ")


def test_the_lock_has_no_chart_that_is_not_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    pinned = {chart.archive for chart in THIRD_PARTY_CHARTS}
    assert chart_archives.recorded().keys() <= pinned
    assert all(len(bytes.fromhex(digest)) == 32 for digest in chart_archives.recorded().values())
