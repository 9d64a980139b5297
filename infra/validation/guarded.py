"""What a row of the guarded settings is, and the rules that several rows share. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from infra.config.options import Options
from infra.naming import Names

# What Pulumi's state holds.
Value: TypeAlias = str | int | Sequence[str]
# Gives the reason for a refusal, or None for a change that is possible.
Rule: TypeAlias = Callable[[Value, Value, Options], str | None]


@dataclass(frozen=True, slots=True)
class Guarded:
    """One setting: its value now, when a change of it is refused, and what to do instead."""

    read: Callable[[Options, Names], Value]
    rule: Rule
    remedy: str
    # Whether some values can follow: `pulumi up` may have tried one, and failed.
    in_place: bool = False
    # What the states of older versions of the program, which did not keep it, stand for.
    unset: Value | None = None
    # A restore makes another instance, which may differ from the one that it replaces.
    of_instance: bool = False


def fixed(reason: str) -> Rule:
    return lambda old, new, _: reason if old != new else None


def kept(reason: str) -> Rule:
    """Refuse that a value changes or goes; it may come."""
    return lambda old, new, _: reason if old and old != new else None


def unmoved(reason: str) -> Rule:
    """Refuse another value; the value may come and go."""
    return lambda old, new, _: reason if old and new and old != new else None
