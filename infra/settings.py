"""Reads and validates Pulumi's configuration. Nothing else reads pulumi.Config."""

import difflib
import json
import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NoReturn, get_args

import pulumi
import yaml
from pulumi.runtime import config as runtime_config
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from infra.aws.roles import Roles
from infra.config.findings import Finding, Severity
from infra.config.options import Options
from infra.naming import Names
from infra.validation.deployment import validate

CHART_METADATA = Path(__file__).resolve().parents[1] / "charts/backend/Chart.yaml"


class SettingsError(pulumi.RunError):
    """The configuration cannot work; Pulumi prints the message without a stack trace."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that `build` needs; nothing else is read afterwards."""

    names: Names
    options: Options
    # The tag of the first image, which is the chart's default.
    app_version: str
    # None of those that stop: they raise SettingsError.
    findings: tuple[Finding, ...]

    @property
    def roles(self) -> Roles:
        """What creates the IAM roles."""
        options = self.options
        return Roles(
            names=self.names,
            partition=options.partition,
            path=options.role_path,
            boundary=options.permissions_boundary or None,
        )


def load_settings(today: date, stop: Container[Severity] = (Severity.ERROR,)) -> Settings:
    """Read and check the stack's configuration; raise SettingsError with all that must stop."""
    project, stack = pulumi.get_project(), pulumi.get_stack()
    options = parse_options(dict(_configured(project)), source=f"Pulumi.{stack}.yaml")
    findings = validate(options, today)
    problems = [str(finding) for finding in findings if finding.severity in stop]
    if not re.fullmatch("[A-Za-z0-9_-]+", stack):
        problems.insert(
            0,
            f"stack: the cluster's name has that of the stack, and EKS refuses {stack!r} in it. Use"
            " letters, digits, - and _ (pulumi stack rename).",
        )
    if problems:
        _refuse(f"Pulumi.{stack}.yaml", problems)
    return Settings(
        names=Names(project, stack),
        options=options,
        app_version=_app_version(CHART_METADATA),
        findings=tuple(findings),
    )


def parse_options(values: Mapping[str, object], source: str) -> Options:
    """Validate the plain values of one stack's configuration."""
    try:
        return Options.model_validate(values)
    except ValidationError as error:
        _refuse(source, [_sentence(details) for details in error.errors()])


def _configured(project: str) -> Iterator[tuple[str, object]]:
    # pulumi.Config only returns keys that are asked for, and nobody asks for a misspelt key. So the
    # names come from the runtime's own table.
    prefix = f"{project}:"
    config = pulumi.Config(project)  # noqa: TID251  this is the one place
    for key in runtime_config.CONFIG.get():
        if key.startswith(prefix):
            name = key.removeprefix(prefix)
            yield name, _plain(config.require(name))


def _plain(text: str) -> object:
    """Read a value: Pulumi hands over structured ones as JSON and everything else as text."""
    try:
        return json.loads(text) if text.startswith(("{", "[")) else text
    except ValueError:
        return text


def _refuse(source: str, problems: list[str]) -> NoReturn:
    lines = "\n".join(f"  - {problem}" for problem in problems)
    raise SettingsError(f"{source} describes a deployment that cannot work:\n{lines}")


def _sentence(details: ErrorDetails) -> str:
    path = ".".join(str(part) for part in details["loc"])
    match details["type"]:
        case "extra_forbidden":
            return _unknown(details["loc"])
        case "missing":
            return f"{path}: is missing. Set {_description(details['loc'])}."
        case "value_error":
            message = str(details["ctx"]["error"])
        case _:
            message = details["msg"][:1].lower() + details["msg"][1:]
    expected = _description(details["loc"])
    given = "the value" if _is_secret(details["loc"]) else repr(details["input"])
    return f"{path}: {given} is invalid: {message}. Expected {expected}."


def _unknown(loc: tuple[int | str, ...]) -> str:
    *parents, name = loc
    group = _group(tuple(parents))
    known = [field.alias or key for key, field in group.model_fields.items()]
    near = difflib.get_close_matches(str(name), known, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Known settings: {', '.join(known)}."
    return f"{'.'.join(map(str, loc))}: is not a setting. {hint}"


def _description(loc: tuple[int | str, ...]) -> str:
    """Return the description of the innermost field on the way to `loc`."""
    fields = [field for field, _ in _walk(loc) if field]
    return next((f.description for f in reversed(fields) if f.description), "another value")


def _is_secret(loc: tuple[int | str, ...]) -> bool:
    fields = [field for field, _ in _walk(loc) if field]
    return any(SecretStr in get_args(f.annotation) for f in fields)


def _group(loc: tuple[int | str, ...]) -> type[BaseModel]:
    return next((group for _, group in reversed(list(_walk(loc)))), Options)


def _walk(loc: tuple[int | str, ...]) -> Iterator[tuple[FieldInfo | None, type[BaseModel]]]:
    """Yield for each part of `loc` its field, if it is one, and the model that it leads into."""
    group: type[BaseModel] = Options
    for part in loc:
        field = next((f for f in group.model_fields.values() if f.alias == part), None)
        group = _model_of(field) or group
        yield field, group


def _model_of(field: FieldInfo | None) -> type[BaseModel] | None:
    """Return a field's model, also of `dict[str, Model]`."""
    if field is None or field.annotation is None:
        return None
    candidates = [field.annotation, *get_args(field.annotation)]
    models = (c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel))
    return next(models, None)


def _app_version(chart: Path) -> str:
    return str(yaml.safe_load(chart.read_text())["appVersion"])
