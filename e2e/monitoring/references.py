"""Which images a chart will have the nodes run, read from what real Helm renders.

Whatever starts pods is looked at, whatever its kind: a map with a list `containers` is a pod's
spec. Some kinds of the Prometheus operator make pods that no chart spells out: their image is a
field of theirs, and the image of what stands beside it is a flag of the operator.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from e2e.cluster.shell import run
from e2e.platform.errors import PlatformError
from e2e.platform.third_party import Release

_HELM_SECONDS = 120
_OPERATORS_GROUP = "monitoring.coreos.com/"
# The operator runs these with the image that they name; the rest of its kinds start no pods.
_OPERATORS_KINDS = ("Alertmanager", "Prometheus", "PrometheusAgent", "ThanosRuler")
_SIDECAR_FLAG = "--prometheus-config-reloader="


class _Loader(yaml.CSafeLoader):
    """A definition of the operator's has `=` in a list, which YAML 1.1 takes for something else."""


_Loader.add_constructor("tag:yaml.org,2002:value", lambda loader, node: node.value)  # noqa: ARG005 - PyYAML's signature


def render(release: Release, archive: Path, helm: Path) -> str:
    """Give the chart's objects with the program's values, hooks included, as YAML."""
    with release.values_file() as values:
        place = (release.name, archive, "--namespace", release.namespace)
        flags = ("--skip-tests", "--values", values)  # what `helm test` runs is never started
        return run(helm, "template", *place, *flags, seconds=_HELM_SECONDS)


def references(manifests: str) -> set[str]:
    """Find the names of all images that the objects' pods will ask for, as the pods spell them."""
    objects = [each for each in yaml.load_all(manifests, _Loader) if each]
    return {name for each in objects for name in _of_object(each)}


def _of_object(item: Mapping[str, Any]) -> Iterator[str]:
    is_operators = str(item["apiVersion"]).startswith(_OPERATORS_GROUP)
    if is_operators and item["kind"] in _OPERATORS_KINDS:
        yield _own_image(item)
    for container in _containers(item):
        yield container["image"]
        words = [*(container.get("command") or ()), *(container.get("args") or ())]
        for word in words:
            if word.startswith(_SIDECAR_FLAG):
                yield word.removeprefix(_SIDECAR_FLAG)


def _own_image(item: Mapping[str, Any]) -> str:
    image = item["spec"].get("image")
    if not image:
        raise PlatformError(
            f"{item['kind']} {item['metadata']['name']} names no image, and the operator would "
            "take one of its own: give `image` in the chart's values"
        )
    return str(image)


def _containers(value: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list):
        for each in value:
            yield from _containers(each)
    elif isinstance(value, dict):
        for key in ("initContainers", "containers"):
            if isinstance(value.get(key), list):
                # The operator's kinds patch containers of its own by name, without an image.
                yield from (each for each in value[key] if "image" in each)
        for each in value.values():
            yield from _containers(each)
