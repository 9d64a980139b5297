"""Plans of the Pulumi program, recorded once per test process and stack."""

import functools
import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias
from unittest.mock import patch

import yaml
from pulumi.runtime.proto.source_pb2 import StackTrace

from infra.plan.model import Json, Plan
from infra.plan.project import read_stack
from infra.plan.recorder import record
from infra.settings import load_settings
from infra.stack import build

ROOT = Path(__file__).parents[2]
PROJECT = "observability-platform"
# A day on which everything in Pulumi.dev.yaml is in standard support.
TODAY = date(2026, 11, 24)

# A stack's settings: YAML of any shape, changed by key.
Tree: TypeAlias = dict[str, Any]


@functools.cache
def plan_of(stack: str) -> Plan:
    """Record the whole program with the configuration of Pulumi.<stack>.yaml."""
    config = read_stack(ROOT, stack)
    return record(_program, project=config.project, stack=stack, config=config.values)


def plan_with(change: Callable[[Tree], None], stack: str = "dev") -> Plan:
    """Record the program with a changed configuration; `change` edits the groups in place."""
    values = stack_values(stack)
    change(values)
    config = {f"{PROJECT}:{key}": _text(value) for key, value in values.items()}
    return record(_program, project=PROJECT, stack=stack, config=config)


def inputs_of(plan: Plan, name: str) -> Tree:
    """Return a resource's inputs to be read by key, as deep as the assertion needs."""
    return dict(plan[name].inputs)


def stack_values(stack: str) -> Tree:
    """Read a stack's own settings, without the project's defaults and without the prefix."""
    config: Tree = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    return {key.removeprefix(f"{PROJECT}:"): value for key, value in config.items()}


def walk(value: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    """Yield every value inside a value, with its dotted path."""
    members: Iterator[tuple[str | int, Json]]
    if isinstance(value, dict):
        members = iter(value.items())
    elif isinstance(value, list):
        members = iter(enumerate(value))
    else:
        yield path, value
        return
    for key, member in members:
        yield from walk(member, f"{path}.{key}" if path else str(key))


def _program() -> None:
    # A quarter of the time: pytest's stack is deep, and a plan does not have it.
    with patch("pulumi.runtime.resource._get_stack_trace", StackTrace):
        build(load_settings(today=TODAY))


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
