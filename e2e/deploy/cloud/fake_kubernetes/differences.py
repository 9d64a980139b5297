"""What changes, and what cannot change in place. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

SECRET = "kubernetes:core/v1:Secret"
RELEASE = "kubernetes:helm.sh/v3:Release"

_FIXED = ("apiVersion", "kind", "metadata.name", "metadata.namespace")
_FIXED_OF = {
    RELEASE: ("name", "namespace"),
    "kubernetes:storage.k8s.io/v1:StorageClass": (*_FIXED, "parameters", "provisioner"),
}
_CONTENT = ("data", "stringData", "type")


@dataclass(frozen=True, slots=True)
class Difference:
    paths: tuple[str, ...]  # such as spec.replicas
    replaces: tuple[str, ...]  # those of them that need a new object

    @classmethod
    def of(cls, kind: str, paths: Iterator[str], *, secret_mutable: bool) -> "Difference":
        fixed = _FIXED_OF.get(kind, _FIXED)
        if kind == SECRET and not secret_mutable:
            fixed = (*fixed, *_CONTENT)
        changed = tuple(sorted(set(paths)))
        return cls(changed, tuple(path for path in changed if _below(path, fixed)))


def two_way(old: object, new: object, path: str = "") -> Iterator[str]:
    """Give the paths at which `new` differs from `old`; a list is one value."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in old.keys() | new.keys():
            yield from two_way(old.get(key), new.get(key), f"{path}.{key}" if path else key)
    elif old != new:
        yield path


def three_way(
    old_inputs: Mapping[str, Any], new_inputs: Mapping[str, Any], state: Mapping[str, Any]
) -> Iterator[str]:
    """Compare as the real provider does for a Release: with the state, not with the last inputs.

    What only the state has, such as a value that CD has set, is nobody's change.
    """
    yield from _differing(new_inputs, state)
    yield from _gone(old_inputs, new_inputs, state)


def _differing(wanted: object, state: object, path: str = "") -> Iterator[str]:
    if isinstance(wanted, dict) and isinstance(state, dict):
        for key, value in wanted.items():
            yield from _differing(value, state.get(key), f"{path}.{key}" if path else key)
    elif wanted != state:
        yield path


def _gone(old: object, new: object, state: object, path: str = "") -> Iterator[str]:
    if not (isinstance(old, dict) and isinstance(new, dict) and isinstance(state, dict)):
        return
    for key, value in old.items():
        below = f"{path}.{key}" if path else key
        if key in new:
            yield from _gone(value, new[key], state.get(key), below)
        elif key in state:
            yield below


def _below(path: str, fixed: tuple[str, ...]) -> bool:
    return any(re.match(rf"{re.escape(name)}(\.|$)", path) for name in fixed)
