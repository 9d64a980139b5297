"""Pulumi.yaml declares exactly the settings that infra/config/options.py knows; the program stays thin."""  # noqa: E501

from types import NoneType
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from infra.config.options import Options
from tests.support.plan import ROOT, stack_values

PROJECT: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
PULUMI_TYPES = {str: "string", bool: "boolean", int: "integer", tuple: "array"}


def pulumi_type(annotation: object) -> str:
    kinds = [kind for kind in (annotation, *get_args(annotation)) if kind is not NoneType]
    if any(isinstance(kind, type) and issubclass(kind, BaseModel) for kind in kinds):
        return "object"
    return next((PULUMI_TYPES[kind] for kind in kinds if kind in PULUMI_TYPES), "object")


def test_the_declared_settings_are_the_known_ones_with_their_types() -> None:
    declared = {name: entry["type"] for name, entry in PROJECT["config"].items()}
    known = {
        str(field.alias): "object" if name == "tags" else pulumi_type(field.annotation)
        for name, field in Options.model_fields.items()
    }
    assert declared == known


def test_a_default_of_the_project_is_the_default_of_the_program() -> None:
    """Pulumi fills in Pulumi.yaml's defaults, tests and other callers those of the options."""
    for name, entry in PROJECT["config"].items():
        field = next(f for f in Options.model_fields.values() if f.alias == name)
        if field.is_required():
            continue
        default = field.get_default()
        plain = default.model_dump() if isinstance(default, BaseModel) else default
        if entry["type"] == "object":
            assert entry["default"] == {}, "the group's own defaults hold"
        else:
            assert entry["default"] == plain


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_stack_files_hold_no_secret_and_only_declared_settings(stack: str) -> None:
    values = stack_values(stack)
    assert values.keys() <= PROJECT["config"].keys()
    assert "secure" not in yaml.safe_dump(values)
