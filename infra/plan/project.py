"""Reads Pulumi.yaml and Pulumi.<stack>.yaml as the engine does."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from infra.plan.model import SECRET


class ProjectError(Exception):
    """A file of the project is not usable; the message says which and why."""


@dataclass(frozen=True, slots=True)
class StackConfig:
    project: str
    stack: str
    # "project:key" -> text, or JSON for what is not text.
    values: Mapping[str, str]


def read_stack(root: Path, stack: str) -> StackConfig:
    """Read one stack's configuration, completed by the project's defaults."""
    path = root / f"Pulumi.{stack}.yaml"
    if not path.exists():
        known = sorted(p.name.split(".")[1] for p in root.glob("Pulumi.*.yaml"))
        raise ProjectError(f"{path.name} does not exist. Stacks here: {', '.join(known)}.")
    project = _read(root / "Pulumi.yaml")
    name = str(project["name"])
    given = _mapping(_read(path).get("config"))
    values = {}
    for key, declaration in _mapping(project["config"]).items():
        declared, qualified = _mapping(declaration), f"{name}:{key}"
        if qualified not in given and "default" not in declared:
            raise ProjectError(
                f"{path.name}: {qualified} is missing. Set {declared['description']}."
            )
        values[qualified] = _text(given.get(qualified, declared.get("default")))
    return StackConfig(name, stack, {key: _text(value) for key, value in given.items()} | values)


def _read(path: Path) -> Mapping[str, object]:
    try:
        content = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise ProjectError(f"{path.name} is not valid YAML: {error}") from None
    if not isinstance(content, dict):
        raise ProjectError(f"{path.name} contains no settings.")
    return content


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    plain = _without_ciphertext(value)
    return plain if isinstance(plain, str) else json.dumps(plain)


def _without_ciphertext(value: object) -> object:
    """Replace each secret by a mark, because only the engine can decrypt it."""
    match value:
        case {"secure": str(), **others} if not others:
            return SECRET
        case dict():
            return {key: _without_ciphertext(below) for key, below in value.items()}
        case list():
            return [_without_ciphertext(member) for member in value]
        case _:
            return value
