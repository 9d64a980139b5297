"""What Pulumi's state says: resources that exist, and operations that nobody saw the end of."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

_READ_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Named:
    urn: str

    @property
    def name(self) -> str:
        """`urn:pulumi:e2e::project::a$b::name`: what stands after the last `::`."""
        return self.urn.split("::", 3)[-1]

    @property
    def type(self) -> str:
        """Without its parents'."""
        return self.urn.split("::", 3)[2].rpartition("$")[2]


@dataclass(frozen=True, slots=True)
class Recorded(Named):
    id: str  # empty for a component


@dataclass(frozen=True, slots=True)
class Pending(Named):
    operation: str  # creating, updating, deleting, reading, importing
    # As the state has them: secrets are ciphertext.
    inputs: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    resources: tuple[Recorded, ...] = ()
    pending: tuple[Pending, ...] = ()

    @classmethod
    def read(cls, file: Path) -> Self:
        """Read it, also while an engine writes it."""
        latest = _load(file).get("checkpoint", {}).get("latest") or {}
        return cls(
            tuple(
                Recorded(entry["urn"], entry.get("id", ""))
                for entry in latest.get("resources") or ()
            ),
            tuple(
                Pending(resource["urn"], entry["type"], resource.get("inputs") or {})
                for entry in latest.get("pending_operations") or ()
                for resource in [entry["resource"]]
            ),
        )


def _load(file: Path) -> dict[str, Any]:
    # The engine replaces the file: for a moment there is none, or half of one.
    deadline = time.monotonic() + _READ_SECONDS
    while True:
        try:
            loaded: dict[str, Any] = json.loads(file.read_text())
        except (FileNotFoundError, ValueError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return loaded
