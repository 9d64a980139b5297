"""Programs are built once, from locked modules, in the versions that the charts install."""

import dataclasses
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.deploy.engine.stacks import PROJECT, REPOSITORY
from e2e.programs import catalogue
from e2e.programs.catalogue import MODULES
from infra.versions import PROMETHEUS_STACK_CHART
from tests.support.third_party import archive


def test_every_module_is_locked_and_the_linker_is_told_its_version() -> None:
    for module in MODULES.values():
        assert module.path == "main" or (module.directory / "go.sum").exists()
    kubernetes = MODULES["kubernetes"]
    assert f"gitVersion=v{kubernetes.version}" in kubernetes.linker_flags
    minor = kubernetes.version.split(".")[1]
    assert kubernetes.linker_flags.endswith(f"gitMinor={minor}")


def test_the_cluster_follows_the_minor_that_dev_names() -> None:
    stack = yaml.safe_load((REPOSITORY / "Pulumi.dev.yaml").read_text())
    named = stack["config"][f"{PROJECT}:cluster"]["version"]
    assert MODULES["kubernetes"].version.startswith(f"{named}.")


def _read(chart: tarfile.TarFile, name: str) -> Any:
    file = chart.extractfile(f"{PROMETHEUS_STACK_CHART.name}/{name}")
    assert file is not None
    return yaml.safe_load(file)


def _as_module(tag: str) -> str:
    """Prometheus 3.14.0 is published as Go module v0.314.0."""
    major, minor, patch = tag.removeprefix("v").partition("-")[0].split(".")
    return f"0.{major}{int(minor):02}.{patch}"


def test_monitoring_runs_in_the_versions_that_the_chart_installs() -> None:
    with tarfile.open(archive(PROMETHEUS_STACK_CHART)) as chart:
        values = _read(chart, "values.yaml")
        of_parts = {
            name: _read(chart, f"charts/{folder}/Chart.yaml")["appVersion"]
            for name, folder in (
                ("kube-state-metrics", "kube-state-metrics"),
                ("node-exporter", "prometheus-node-exporter"),
            )
        }
        installed = {
            "prometheus": _as_module(values["prometheus"]["prometheusSpec"]["image"]["tag"]),
            "alertmanager": values["alertmanager"]["alertmanagerSpec"]["image"]["tag"],
            "prometheus-operator": _read(chart, "Chart.yaml")["appVersion"],
            **of_parts,
        }
    assert {name: MODULES[name].version for name in installed} == {
        name: version.removeprefix("v") for name, version in installed.items()
    }


def test_the_cache_key_follows_the_lock_and_what_is_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(MODULES["etcd"].directory, tmp_path / "etcd")
    monkeypatch.setattr(catalogue, "HERE", tmp_path)
    module = MODULES["etcd"]
    keys = [module.key, dataclasses.replace(module, additions={"index.html": "a page"}).key]
    with (module.directory / "go.sum").open("a") as file:
        file.write("\n")
    assert len({*keys, module.key}) == 3
