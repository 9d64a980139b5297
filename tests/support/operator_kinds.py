"""The Prometheus operator's kinds, closed: the API server drops fields that it does not know."""

import functools
from collections.abc import Mapping

import jsonschema

from infra import versions
from tests.support.chart import Tree, load_all, templates
from tests.support.third_party import archive

GROUP = "monitoring.coreos.com/"


def is_operators(item: Tree) -> bool:
    return str(item["apiVersion"]).startswith(GROUP)


def check_operator_shape(item: Tree) -> None:
    """Raise jsonschema.ValidationError unless the operator's definitions know all fields."""
    schema = _definitions()[item["apiVersion"], item["kind"]]
    jsonschema.Draft202012Validator(schema).validate(item)


@functools.cache
def _definitions() -> Mapping[tuple[str, str], Tree]:
    crds = [
        item
        for text in templates(archive(versions.OPERATOR_DEFINITIONS_CHART), {}).values()
        for item in load_all(text)
    ]
    return {
        (f"{crd['spec']['group']}/{version['name']}", crd["spec"]["names"]["kind"]): _close(
            version["schema"]["openAPIV3Schema"]
        )
        for crd in crds
        for version in crd["spec"]["versions"]
    }


def _close(schema: Tree) -> Tree:
    closed = {
        key: _close(value)
        if isinstance(value, dict)
        else [_close(part) if isinstance(part, dict) else part for part in value]
        if isinstance(value, list)
        else value
        for key, value in schema.items()
    }
    # `metadata` is described elsewhere, and a property may itself be called "properties".
    if schema.get("type") == "object" and isinstance(schema.get("properties"), dict):
        closed.setdefault("additionalProperties", False)
    if schema.get("x-kubernetes-int-or-string"):
        closed.pop("type", None)
    return closed
