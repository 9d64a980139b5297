"""Checks resource inputs against the type information of the installed provider SDK.

The wheels ship no schema, but their generated classes carry everything that a schema says about
inputs: names, types, nesting, and which are required. Nothing here is written by hand per resource.
"""

import collections.abc
import difflib
import functools
import importlib
import inspect
import keyword
import sys
import threading
import typing
from collections.abc import Iterator, Mapping
from importlib import metadata
from typing import Any

from pulumi import _types

from e2e.deploy.cloud.errors import Rejected
from e2e.deploy.cloud.values import UNKNOWN, Properties

Problem = tuple[str, str]  # property path, what is wrong
# SDK modules load on first use, and the engine asks for several resources at once: without a lock
# a thread sees a module that another one has loaded by half.
_LOADING = threading.Lock()
_NAMES = {
    bool: "a boolean",
    dict: "an object",
    float: "a number",
    int: "a number",
    list: "a list",
    str: "a string",
}


def version(package: str) -> str:
    """Give the SDK's version, which its plugin has too."""
    return metadata.version(f"pulumi-{package}")


@functools.cache
def resource_class(token: str) -> type:
    """Find the class of a type token: `aws:rds/instance:Instance` is `pulumi_aws.rds.Instance`."""
    package, module, name = token.split(":")
    group = module.partition("/")[0]
    parts = [f"pulumi_{package.replace('-', '_')}"]
    if group != "index":
        parts.append(group + "_" * keyword.iskeyword(group))  # pulumi_aws.lambda_
    try:
        with _LOADING:
            return typing.cast("type", getattr(importlib.import_module(".".join(parts)), name))
    except (ImportError, AttributeError):
        raise Rejected(f"the installed pulumi_{package} has no resource {token}") from None


@functools.cache
def arguments_class(token: str) -> type:
    cls = resource_class(token)
    module, name = sys.modules[cls.__module__], cls.__name__
    # The generator says InitArgs where Args is the name of a nested type.
    found = getattr(module, f"{name}InitArgs", None) or getattr(module, f"{name}Args")
    return typing.cast("type", found)


@functools.cache
def inputs_of(cls: type) -> Mapping[str, tuple[Any, bool]]:
    """Give each input, named as the engine spells it, its type and whether it is required."""
    types = _types.input_type_types(cls)
    parameters = inspect.signature(cls).parameters
    return {
        wire: (
            types.get(wire, Any),
            python in parameters and parameters[python].default is inspect.Parameter.empty,
        )
        for python, wire in _types.input_type_py_to_pulumi_names(cls).items()
    }


@functools.cache
def outputs_of(token: str) -> Mapping[str, type]:
    return _types.resource_types(resource_class(token))


def problems(token: str, inputs: Properties) -> list[Problem]:
    """Name every unknown, missing or mistyped input."""
    return list(_object("", inputs, arguments_class(token)))


def _object(path: str, value: Properties, cls: type) -> Iterator[Problem]:
    known = inputs_of(cls)
    for name in value:
        if name not in known and not name.startswith("__"):
            hint = difflib.get_close_matches(name, known, 1)
            found = f", did you mean '{hint[0]}'?" if hint else ""
            yield _join(path, name), f"unknown property{found}"
    for name, (expected, required) in known.items():
        if value.get(name) is not None:
            yield from _value(_join(path, name), value[name], expected)
        elif required:
            yield _join(path, name), "missing required property"


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _value(path: str, value: Any, expected: Any) -> Iterator[Problem]:
    if value is None or value == UNKNOWN:
        return
    attempts = [list(_one(path, value, candidate)) for candidate in _alternatives(expected)]
    if attempts and all(attempts):
        yield from min(attempts, key=len)


def _alternatives(expected: Any) -> Iterator[Any]:
    """Flatten `Input[X]`, `Optional[X]` and unions of them to what may be on the wire."""
    if typing.get_origin(expected) is not typing.Union:
        yield expected
        return
    for alternative in typing.get_args(expected):
        origin = typing.get_origin(alternative) or alternative
        wrapper = origin is collections.abc.Awaitable or getattr(origin, "__name__", "") == "Output"
        if not (wrapper or alternative is type(None) or typing.is_typeddict(alternative)):
            yield from _alternatives(alternative)


def _one(path: str, value: Any, expected: Any) -> Iterator[Problem]:
    shape = _shape(expected)
    if shape is None:
        if not _converts(value, expected):
            yield path, f"expected {_NAMES.get(expected, 'a string')}, got {_NAMES[type(value)]}"
    elif not isinstance(value, shape):
        yield path, f"expected {_NAMES[shape]}, got {_NAMES[type(value)]}"
    elif isinstance(value, dict) and _is_object(expected):
        yield from _object(path, value, expected)
    else:
        inside = typing.get_args(expected)[-1]
        if isinstance(value, dict):
            members = [(f"{path}.{key}", member) for key, member in value.items()]
        else:
            members = [(f"{path}[{index}]", member) for index, member in enumerate(value)]
        for place, member in members:
            yield from _value(place, member, inside)


def _shape(expected: Any) -> type[list[Any]] | type[dict[str, Any]] | None:
    origin = typing.get_origin(expected)
    if origin in {list, collections.abc.Sequence}:
        return list
    is_map = origin in {dict, collections.abc.Mapping}
    return dict if is_map or _is_object(expected) else None


def _is_object(expected: Any) -> bool:
    return isinstance(expected, type) and _types.is_input_type(expected)


def _converts(value: Any, expected: Any) -> bool:
    """Scalars convert as in Pulumi's own providers: the text "5" is a number, "true" a boolean."""
    if expected is bool:
        return isinstance(value, bool) or value in {"true", "false"}
    if isinstance(value, list | dict):
        return expected is Any
    return expected not in {int, float} or _is_number(value)


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return not isinstance(value, bool)
