"""A misspelt key in our values for other people's charts is said by `make plan`, without charts."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from infra import versions
from infra.config.findings import Severity
from infra.plan.__main__ import main
from infra.third_party import charts
from infra.third_party.charts import chart_values, merged
from infra.validation.chart_values import record_of, validate_chart_values, validate_values
from infra.versions import HelmChart
from tests.support.chart_keys import recorded_keys
from tests.support.third_party import CHARTS, archive

every_chart = pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)


def test_our_values_hold_no_key_that_a_chart_would_ignore() -> None:
    assert list(validate_chart_values()) == []


@every_chart
def test_the_record_is_what_the_chart_knows(chart: HelmChart) -> None:
    record = recorded_keys(archive(chart), chart_values(chart))
    assert record_of(chart).read_text() == record, "run `python -m tests.support.chart_keys`"


@pytest.mark.parametrize(
    ("values", "path", "remedy"),
    [
        ({"singleBinari": {}}, "singleBinari", "Write 'singleBinary', or remove it"),
        ({"singleBinary": {"replica": 1}}, "singleBinary.replica", "Write 'replicas'"),
        ({"loki": {"xyzzy": 1}}, "loki.xyzzy", "Remove it"),
    ],
)
def test_a_key_that_the_chart_would_ignore_is_an_error(
    values: dict[str, object], path: str, remedy: str
) -> None:
    changed = merged(chart_values(versions.LOKI_CHART), values)
    [finding] = validate_values(versions.LOKI_CHART, changed)
    assert finding.severity is Severity.ERROR
    assert finding.setting == "infra/third_party/chart_values/loki.yaml"
    assert finding.message.startswith(f"{path} is not a key of loki 18.11.0")
    assert finding.remedy.startswith(remedy)


def test_what_a_chart_hands_through_is_not_judged() -> None:
    changed = merged(chart_values(versions.JAEGER_CHART), {"userconfig": {"anything": {}}})
    assert list(validate_values(versions.JAEGER_CHART, changed)) == []


def test_a_record_of_another_version_is_a_warning() -> None:
    newer = replace(versions.LOKI_CHART, version="19.0.0")
    [finding] = validate_values(newer, {"misspelt": 1})
    assert finding.severity is Severity.WARNING
    assert "recorded keys belong to loki-18.11.0, but the chart is loki-19.0.0" in finding.message


def test_make_plan_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "chart_values"
    shutil.copytree(charts.VALUES, folder)
    monkeypatch.setattr(charts, "VALUES", folder)
    file = folder / "opencost.yaml"
    file.write_text(file.read_text().replace("exporter:", "exporters:"))
    assert main(["--output", str(tmp_path / "plan.json")]) == 1
    said = capsys.readouterr().err
    assert (
        "infra/third_party/chart_values/opencost.yaml: opencost.exporters is not a key of opencost"
        in said
    )
    assert "Write 'exporter', or remove it" in said
