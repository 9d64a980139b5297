"""The schema in both directions: it knows every value that there is, and refuses every other."""

import copy
from collections.abc import Iterator

import jsonschema
import pytest

from tests.support.chart import (
    CHART,
    RenderError,
    Tree,
    ci_values,
    default_values,
    load,
    merged,
    render,
)

_SCHEMA = load(CHART / "values.schema.json")
# Objects whose keys are the user's or Kubernetes': labels, annotations, resource quantities.
_OPEN = {"strings", "resources"}


def _properties(schema: Tree, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Tree]]:
    for name, child in schema["properties"].items():
        yield (*path, name), child
        if "properties" in child:
            yield from _properties(child, (*path, name))


def _closed(schema: Tree) -> Tree:
    """Close the schema: every group of ours holds exactly the properties that it lists."""
    result = copy.deepcopy(schema)
    groups = [result, *(child for _, child in _properties(result) if "properties" in child)]
    for group in groups:
        group["additionalProperties"] = False
        group["required"] = list(group["properties"])
    return result


def test_values_yaml_holds_exactly_the_keys_of_the_schema() -> None:
    jsonschema.Draft7Validator.check_schema(_SCHEMA)
    jsonschema.Draft7Validator(_closed(_SCHEMA)).validate(default_values())


def test_every_group_of_ours_is_closed() -> None:
    groups = [((), _SCHEMA), *_properties(_SCHEMA)]
    assert [
        path
        for path, group in groups
        if group.get("type") == "object" and group.get("additionalProperties") is not False
    ] == []
    references = {child["$ref"].rpartition("/")[2] for _, child in groups if "$ref" in child}
    assert references <= set(_SCHEMA["definitions"])


def test_no_value_is_required_by_the_schema() -> None:
    """Values of an older chart lack what is new; templates/validate.yaml asks for the rest."""
    assert [
        path for path, group in [((), _SCHEMA), *_properties(_SCHEMA)] if "required" in group
    ] == []


_LEAVES = [path for path, child in _properties(_SCHEMA) if "properties" not in child]
_GROUPS = [(), *(path for path, child in _properties(_SCHEMA) if "properties" in child)]


def _nested(path: tuple[str, ...], value: object) -> Tree:
    for name in reversed(path):
        value = {name: value}
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize("path", _LEAVES, ids=".".join)
def test_a_value_of_the_wrong_type_is_refused_by_name(path: tuple[str, ...]) -> None:
    """`[[1]]` is no string, number, boolean or object, and no list of strings or objects."""
    with pytest.raises(RenderError, match="/".join(path)):
        render(merged(ci_values(), _nested(path, [[1]])))


@pytest.mark.parametrize("path", _GROUPS, ids=lambda path: ".".join(path) or "root")
def test_an_unknown_key_is_refused_by_name(path: tuple[str, ...]) -> None:
    with pytest.raises(RenderError, match=r"additional properties 'misspelt' not allowed"):
        render(merged(ci_values(), _nested((*path, "misspelt"), 1)))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"image": {"tag": "no spaces"}}, "/image/tag"),
        ({"image": {"digest": "sha256:abc"}}, "/image/digest"),
        ({"image": {"repository": "example.com/backend:1"}}, "/image/repository"),
        ({"config": {"logLevel": "verbose"}}, "/config/logLevel"),
        ({"config": {"traceSampleRatio": 1.5}}, "/config/traceSampleRatio"),
        ({"config": {"otlpEndpoint": "http://jaeger.monitoring"}}, "/config/otlpEndpoint"),
        ({"database": {"sslMode": "on"}}, "/database/sslMode"),
        ({"replicaCount": 0}, "/replicaCount"),
        ({"shutdown": {"preStopSeconds": 0}}, "/shutdown/preStopSeconds"),
        ({"migrations": {"activeDeadlineSeconds": 600}}, "/migrations/activeDeadlineSeconds"),
        ({"loadBalancer": {"cidrs": ["10.0.1.0"]}}, "/loadBalancer/cidrs/0"),
        ({"topologySpread": {"zone": "Sometimes"}}, "/topologySpread/zone"),
        ({"podLabels": {"build": 7}}, "/podLabels/build"),
        ({"resources": {"limit": {"memory": "1Gi"}}}, "limit"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_value_out_of_bounds_is_refused_by_name(changes: Tree, named: str) -> None:
    with pytest.raises(RenderError, match=named):
        render(merged(ci_values(), changes))
