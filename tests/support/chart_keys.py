"""Which keys of a values file a chart reads by name: Helm takes every other one without a word.

A key is known when the chart has a default for it (commented out or not), when its schema lists it,
or when a template says `.Values.<key>`. Below a default that is empty or null, and below a map
that a template prints whole, everything is somebody else's to judge.

`python -m tests.support.chart_keys` records the keys beside those in use into infra/third_party/chart_keys:
`make plan` judges by them, without the charts.
"""  # noqa: E501

import functools
import io
import json
import re
import sys
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from infra.third_party.charts import chart_values
from infra.validation.chart_values import record_of
from infra.versions import THIRD_PARTY_CHARTS
from tests.support.chart import Tree, load_all
from tests.support.chart_archives import ChartError, find

# Maps of Kubernetes that charts hand through, whatever their defaults.
FREE = {
    *("annotations", "labels", "podAnnotations", "podLabels", "additionalLabels", "selector"),
    *("nodeSelector", "affinity", "tolerations", "securityContext", "podSecurityContext"),
    *("env", "extraEnv", "extraArgs", "strategy", "deploymentStrategy"),
    "grafana.ini",
    # By names of alerts; the chart's default shows two of them, commented out.
    "customRules",
}
REFERENCE = re.compile(r"\.Values((?:\.\w+)+)")
INDEXED = re.compile(r"index \$?\.Values((?: \"[^\"]+\")+)")
WHOLE = (
    re.compile(r"(?:toYaml|toJson|range(?: \$\w+, \$\w+ :=)?) \$?\.Values((?:\.\w+)+)"),
    re.compile(r"\.Values((?:\.\w+)+) \| (?:toYaml|toJson)"),
    re.compile(r"with \$?\.Values((?:\.\w+)+) *-?}}\s*(?:[\w.\"/-]+:)?\s*{{-? *(?:toYaml|tpl \()"),
)
COMMENTED = re.compile(r"^(\s*)(# ?)?(\s*)([A-Za-z_][\w.\-/]*):(?:\s|$)")


@dataclass
class Key:
    """What is known below one key."""

    below: dict[str, "Key"] = field(default_factory=dict)
    # Nothing below is judged.
    free: bool = False

    def at(self, *path: str) -> "Key":
        key = self
        for part in path:
            key = key.below.setdefault(part, Key())
        return key


AMOUNTS = {"cpu": Key(), "memory": Key()}
RESOURCES = Key({"requests": Key(AMOUNTS), "limits": Key(AMOUNTS)})


def unknown_keys(archive: Path, values: Mapping[str, Any]) -> list[str]:
    """Return the paths in `values` that nothing in the chart reads."""
    return list(_unknown(_known_to(archive), values, ""))


@functools.cache
def _known_to(archive: Path) -> Key:
    return _known(_files(archive.read_bytes()))


def recorded_keys(archive: Path, values: Mapping[str, Any]) -> str:
    """Return the record for these values: for each map in them, the keys that it may have."""
    lines = [f"# {archive.stem}", *_lines(_known_to(archive), values, "")]
    return "\n".join(lines) + "\n"


def _lines(known: Key, values: Mapping[str, Any], path: str) -> Iterator[str]:
    yield f"{path}: {' '.join(sorted(known.below))}"
    for name, value in values.items():
        below = known.below[name]
        if isinstance(value, Mapping) and not _is_free(name, below) and name != "resources":
            yield from _lines(below, value, f"{path}.{name}".lstrip("."))


def _unknown(known: Key, values: Mapping[str, Any], path: str) -> Iterator[str]:
    for name, value in values.items():
        here = f"{path}.{name}".lstrip(".")
        if name not in known.below:
            yield here
        elif name == "resources" and isinstance(value, Mapping):
            yield from _unknown(RESOURCES, value, here)
        elif isinstance(value, Mapping) and not _is_free(name, known.below[name]):
            yield from _unknown(known.below[name], value, here)


def _is_free(name: str, key: Key) -> bool:
    return name in FREE or key.free or not key.below


def _known(files: Mapping[str, bytes]) -> Key:
    """Read one chart and, below their names or aliases, its subcharts."""
    root = Key()
    text = files.get("values.yaml", b"").decode()
    metadata = yaml.safe_load(files["Chart.yaml"])
    _add_defaults(root, (load_all(text) or [{}])[0])
    _add_comments(root, text)
    if "values.schema.json" in files:
        _add_schema(root, json.loads(files["values.schema.json"]))
    for name, content in files.items():
        if name.startswith("templates/"):
            _add_references(root, content.decode())
    _add_references(root, text)
    dependencies = metadata.get("dependencies") or []
    for dependency in dependencies:
        for condition in (dependency.get("condition") or "").split(","):
            root.at(*condition.strip().split("."))
        subchart = _subchart(files, dependency["name"])
        if subchart:
            _merge(root.at(dependency.get("alias") or dependency["name"]), _known(subchart))
    return root


def _add_defaults(key: Key, values: Tree) -> None:
    for name, value in values.items():
        below = key.at(str(name))
        if isinstance(value, dict) and value:
            _add_defaults(below, value)


def _add_schema(key: Key, schema: Tree) -> None:
    for name, below in (schema.get("properties") or {}).items():
        _add_schema(key.at(name), below)


def _add_references(root: Key, text: str) -> None:
    for match in REFERENCE.finditer(text):
        root.at(*match[1].strip(".").split("."))
    for match in INDEXED.finditer(text):
        root.at(*re.findall(r'"([^"]+)"', match[1]))
    for pattern in WHOLE:
        for match in pattern.finditer(text):
            root.at(*match[1].strip(".").split(".")).free = True


def _add_comments(root: Key, text: str) -> None:
    """Add keys that are commented out; less indentation is above, commented or not."""
    stack: list[tuple[int, str]] = []
    for line in text.splitlines():
        if not (match := COMMENTED.match(line)):
            continue
        depth = len(match[1]) + (len(match[3]) if match[2] else 0)
        while stack and stack[-1][0] >= depth:
            stack.pop()
        stack.append((depth, match[4]))
        path = [name for _, name in stack]
        if match[2]:
            root.at(*path)


def _merge(into: Key, other: Key) -> None:
    into.free = into.free or other.free
    for name, below in other.below.items():
        _merge(into.at(name), below)


def _files(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {
            member.name.partition("/")[2]: content.read()
            for member in tar
            if member.isfile() and (content := tar.extractfile(member))
        }


def _subchart(files: Mapping[str, bytes], name: str) -> dict[str, bytes] | None:
    """Return a subchart's files, unpacked or as an archive; None where it is not packed in."""
    prefix = f"charts/{name}/"
    unpacked = {
        path.removeprefix(prefix): content
        for path, content in files.items()
        if path.startswith(prefix)
    }
    if unpacked:
        return unpacked
    archives = (path for path in files if re.fullmatch(rf"charts/{name}-\d[^/]*\.tgz", path))
    return next((_files(files[path]) for path in archives), None)


def main() -> None:
    """Write the records of all charts."""
    try:
        archives = {chart: find(chart.archive) for chart in THIRD_PARTY_CHARTS}
    except ChartError as error:
        sys.exit(str(error))
    for chart, archive in archives.items():
        record_of(chart).write_text(recorded_keys(archive, chart_values(chart)))


if __name__ == "__main__":
    main()
