"""Every object is one that the API server of the supported versions accepts."""

from pathlib import Path

import jsonschema
import pytest

from tests.support.chart import (
    CI_FILES,
    OPERATOR_KINDS,
    check_shape,
    ci_values,
    load,
    render,
)
from tests.support.operator_kinds import check_operator_shape


@pytest.mark.parametrize("version", ["1.35", "1.36"])
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
        check_shape(service, "1.36")


def test_operator_objects_have_the_shape_of_their_definition() -> None:
    rendered = render(ci_values("production"))
    objects = [item for item in rendered.objects.values() if item["kind"] in OPERATOR_KINDS]
    assert {item["kind"] for item in objects} == OPERATOR_KINDS
    for item in objects:
        check_operator_shape(item)
