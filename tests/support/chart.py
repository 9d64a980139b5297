"""The chart rendered by a real Helm, as parsed objects.

The only place that knows which Helm: replace `templates` to change it.
"""

import shutil
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import kubernetes_validate  # type: ignore[import-untyped] # carries no types
import yaml
from helm_python import Chart, HelmRenderError, HelmValuesError

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "backend"
# Kinds that come with the Prometheus operator, not with Kubernetes.
OPERATOR_KINDS = {"ServiceMonitor", "PodMonitor", "PrometheusRule"}
CI_FILES = sorted((CHART / "ci").glob("*-values.yaml"))

# A Kubernetes object or Helm values: YAML of any shape, read by key and asserted on at once.
Tree: TypeAlias = dict[str, Any]
Key: TypeAlias = tuple[str, str]  # kind and name


class RenderError(Exception):
    """Helm refused: the values break the schema, or the chart calls `fail`."""


@dataclass(frozen=True)
class Rendered:
    objects: Mapping[Key, Tree]
    notes: str
    text: Mapping[str, str]  # the rendered text of each template

    def __getitem__(self, key: Key) -> Tree:
        return self.objects[key]

    def pods(self) -> Iterator[tuple[Key, Tree]]:
        """Yield everything that becomes a pod, {metadata, spec}, with the key of its object."""
        for key, item in self.objects.items():
            if key[0] == "Pod":
                yield key, item
            elif "template" in item.get("spec", {}):
                yield key, item["spec"]["template"]


def render(
    values: Tree,
    *,
    chart: Path = CHART,
    release: str = "backend",
    namespace: str = "observability",
) -> Rendered:
    text = templates(chart, values, release=release, namespace=namespace)
    objects: dict[Key, Tree] = {}
    for template, content in text.items():
        if template.endswith("NOTES.txt"):
            continue
        for item in load_all(content):
            key = (item["kind"], item["metadata"]["name"])
            if key in objects:
                raise RenderError(f"two objects are called {key}")
            objects[key] = item
    notes = next(content for name, content in text.items() if name.endswith("NOTES.txt"))
    return Rendered(objects, notes, text)


def templates(
    chart: Path, values: Tree, *, release: str = "backend", namespace: str = "observability"
) -> dict[str, str]:
    """Render a chart, a folder or an archive: template path to text."""
    try:
        with Chart.load(chart) as loaded:
            return loaded.render(values, name=release, namespace=namespace)
    except (HelmValuesError, HelmRenderError) as error:
        raise RenderError(str(error)) from error


def check_shape(item: Tree, version: str) -> None:
    """Raise jsonschema.ValidationError unless Kubernetes `version` knows all fields."""
    kubernetes_validate.validate(item, version, strict=True)


def ci_values(case: str = "default") -> Tree:
    return load(CHART / "ci" / f"{case}-values.yaml")


def default_values() -> Tree:
    return load(CHART / "values.yaml")


def merged(base: Tree, changes: Tree) -> Tree:
    """Lay `changes` over `base` as Helm merges values; neither is changed."""
    result = dict(base)
    for key, value in changes.items():
        old = result.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            result[key] = merged(old, value)
        else:
            result[key] = value
    return result


def without(values: Tree, path: tuple[str, ...]) -> Tree:
    """Copy `values` without the key at `path`."""
    head, *rest = path
    if not rest:
        return {key: value for key, value in values.items() if key != head}
    return {**values, head: without(values[head], tuple(rest))}


def chart_copy(target: Path, *, defaults: Tree | None = None, version: str | None = None) -> Path:
    """Copy the chart with other defaults or another version.

    Other defaults are what an upgrade with `reuse_values` sees: the values of the release, which
    grew out of an older values.yaml, and none of the new ones.
    """
    copy = target / CHART.name
    shutil.copytree(CHART, copy)
    if defaults is not None:
        (copy / "values.yaml").write_text(yaml.safe_dump(defaults))
    if version is not None:
        metadata = load(copy / "Chart.yaml")
        (copy / "Chart.yaml").write_text(yaml.safe_dump({**metadata, "version": version}))
    return copy


class _StrictLoader(yaml.CSafeLoader):
    """Kubernetes takes the last of two equal keys and says nothing; a test must not."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        doubled = {key for key in keys if keys.count(key) > 1}
        if doubled:
            raise RenderError(f"the keys {sorted(doubled)} appear twice in one mapping")
        return super().construct_mapping(node, deep=deep)

    def construct_yaml_value(self, node: yaml.ScalarNode) -> str:
        """Read a lone "=" as text: it has a meaning of its own in YAML 1.1, which nobody uses."""
        return str(node.value)


_StrictLoader.add_constructor("tag:yaml.org,2002:value", _StrictLoader.construct_yaml_value)


def load(path: Path) -> Tree:
    return load_all(path.read_text())[0]


def load_all(text: str) -> list[Tree]:
    return [document for document in yaml.load_all(text, Loader=_StrictLoader) if document]
