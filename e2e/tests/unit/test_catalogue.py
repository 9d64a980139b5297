import dataclasses
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.programs import catalogue
from e2e.programs.build import BuildError, ensure
from e2e.programs.cache import cache_directory
from e2e.programs.catalogue import MODULES, Module, UnknownToolError, modules_of
from infra.versions import PROMETHEUS_STACK_CHART
from tests.support.third_party import archive


def test_versions_come_from_the_go_mod_files() -> None:
    assert MODULES["kubernetes"].version.startswith("1.35.")
    assert MODULES["pulumi"].version == "3.259.0"
    assert MODULES["pause"].version == "local"


def test_the_linker_is_told_the_version() -> None:
    flags = MODULES["kubernetes"].linker_flags
    assert f"gitVersion=v{MODULES['kubernetes'].version}" in flags
    assert "gitMajor=1 " in flags
    assert flags.endswith("gitMinor=35")


def test_every_module_is_locked() -> None:
    for module in MODULES.values():
        assert (module.directory / "go.mod").exists()
        assert module.path == "main" or (module.directory / "go.sum").exists()


def _installed() -> dict[str, str]:
    """Give the versions that kube-prometheus-stack puts into the cluster, by program."""
    with tarfile.open(archive(PROMETHEUS_STACK_CHART)) as chart:
        values = _read(chart, "values.yaml")
        tags: dict[str, str] = {
            "prometheus": values["prometheus"]["prometheusSpec"]["image"]["tag"],
            "alertmanager": values["alertmanager"]["alertmanagerSpec"]["image"]["tag"],
            "prometheus-operator": _read(chart, "Chart.yaml")["appVersion"],
            "kube-state-metrics": _read(chart, "charts/kube-state-metrics/Chart.yaml")[
                "appVersion"
            ],
            "node-exporter": _read(chart, "charts/prometheus-node-exporter/Chart.yaml")[
                "appVersion"
            ],
        }
    return {name: tag.removeprefix("v").partition("-")[0] for name, tag in tags.items()}


def _read(chart: tarfile.TarFile, name: str) -> Any:
    file = chart.extractfile(f"{PROMETHEUS_STACK_CHART.name}/{name}")
    assert file is not None
    return yaml.safe_load(file)


def _as_module(version: str) -> str:
    """Prometheus 3.14.0 is published as Go module v0.314.0."""
    major, minor, patch = version.split(".")
    return f"0.{major}{int(minor):02}.{patch}"


def test_monitoring_runs_in_the_versions_that_the_chart_installs() -> None:
    installed = _installed()
    installed["prometheus"] = _as_module(installed["prometheus"])
    assert {name: MODULES[name].version for name in installed} == installed


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Module:
    shutil.copytree(MODULES["etcd"].directory, tmp_path / "etcd")
    monkeypatch.setattr(catalogue, "HERE", tmp_path)
    return MODULES["etcd"]


def test_the_cache_key_follows_the_lock(copied: Module) -> None:
    before = copied.key
    assert copied.key == before
    with (copied.directory / "go.sum").open("a") as file:
        file.write("\n")
    assert copied.key != before


def test_the_cache_key_follows_what_is_added_to_a_module(copied: Module) -> None:
    completed = dataclasses.replace(copied, additions={"ui/index.html": "a page"})
    assert completed.key != copied.key
    assert completed.key != dataclasses.replace(copied, additions={"ui/index.html": "other"}).key


def test_an_unknown_tool_is_named_with_those_there_are() -> None:
    with pytest.raises(UnknownToolError, match=r"no tool is called nginx: choose from kubernetes,"):
        modules_of(("nginx",))


def test_the_cache_lies_where_the_user_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_directory() == tmp_path / "observability-platform-e2e"
    assert cache_directory().is_dir()


def test_without_go_and_without_a_cache_it_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(BuildError, match="go is not on PATH and pause is not built yet: install"):
        ensure(modules_of(("pause",)))


def test_what_is_in_the_cache_is_not_built_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda _: None)  # would fail if it tried to build
    built = cache_directory() / "tools" / MODULES["pause"].key
    built.mkdir(parents=True)
    (built / "pause").touch()
    toolbox = ensure(modules_of(("pause",)))
    assert toolbox.program("pause") == built / "pause"
    assert toolbox.search_path.startswith(f"{built}:")
    with pytest.raises(UnknownToolError, match="kubectl was not built"):
        toolbox.program("kubectl")
