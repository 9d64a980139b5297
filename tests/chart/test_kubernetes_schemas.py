"""Every object is one that the API server of the supported versions accepts."""

from pathlib import Path

import jsonschema
import pytest

from tests.support.chart import (
    CI_FILES,
    OPERATOR_KINDS,
    ROOT,
    Tree,
    check_shape,
    ci_values,
    load,
    load_all,
    render,
    templates,
)

_OPERATOR_CRDS = ROOT.parent / "shared" / "charts" / "prometheus-operator-crds-31.0.1.tgz"


@pytest.mark.parametrize("version", ["1.34", "1.35"])
@pytest.mark.parametrize("path", CI_FILES, ids=lambda path: path.stem)
def test_objects_have_the_shape_of_their_kind(path: Path, version: str) -> None:
    objects = [
        item for item in render(load(path)).objects.values() if item["kind"] not in OPERATOR_KINDS
    ]
    assert objects
    for item in objects:
        check_shape(item, version)


def test_the_validator_refuses_a_misspelt_field() -> None:
    """Guard: a validator that accepts everything would leave the tests above green."""
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "x"},
        "spec": {"selectors": {}},
    }
    with pytest.raises(jsonschema.ValidationError, match="selectors"):
        check_shape(service, "1.35")


@pytest.mark.skipif(
    not _OPERATOR_CRDS.exists(),
    reason="the Prometheus operator's CRDs are not beside the checkout (shared/charts)",
)
def test_operator_objects_have_the_shape_of_their_definition() -> None:
    rendered = render(ci_values("production"))
    objects = [item for item in rendered.objects.values() if item["kind"] in OPERATOR_KINDS]
    assert {item["kind"] for item in objects} == OPERATOR_KINDS
    definitions = _definitions(_OPERATOR_CRDS)
    for item in objects:
        jsonschema.Draft202012Validator(definitions[item["kind"]]).validate(item)


def _definitions(chart: Path) -> dict[str, Tree]:
    """Return the closed schema of each kind: the API server drops unknown fields without a word."""
    crds = [item for text in templates(chart, {}).values() for item in load_all(text)]
    return {
        crd["spec"]["names"]["kind"]: _close(
            crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        )
        for crd in crds
    }


def _close(schema: Tree) -> Tree:
    closed = {
        key: _close(value) if isinstance(value, dict) else value for key, value in schema.items()
    }
    # `metadata` is described elsewhere, and a property may itself be called "properties".
    if schema.get("type") == "object" and isinstance(schema.get("properties"), dict):
        closed.setdefault("additionalProperties", False)
    return closed
