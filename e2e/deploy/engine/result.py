"""What one command of the engine did: read from its event log, which holds no secret in clear."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.deploy.engine.checkpoint import Named
from e2e.deploy.engine.cli import Completed


@dataclass(frozen=True, slots=True)
class Operation(Named):
    """A finished step, in the order in which the engine saw their ends."""

    op: str


@dataclass(frozen=True, slots=True)
class Result:
    ok: bool
    # By the engine's words: create, update, replace, delete, same.
    changes: Mapping[str, int]
    seconds: float
    # What the command printed.
    text: str
    operations: tuple[Operation, ...] = ()

    @property
    def changed(self) -> int:
        """How many resources did not stay the same."""
        return sum(self.changes.values()) - self.changes.get("same", 0)

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {word}" for word, count in sorted(self.changes.items()))
        return f"{counts or 'nothing'} in {self.seconds:.1f} s"


def result_of(done: Completed) -> Result:
    changes, operations = read_events(done.events)
    return Result(done.code == 0, changes, done.seconds, done.text, operations)


def read_events(file: Path) -> tuple[Mapping[str, int], tuple[Operation, ...]]:
    """Give the summary, empty for a command that was killed, and the steps that changed something.

    A step is there when it has finished.
    """
    changes: dict[str, int] = {}
    operations = []
    for event in _events(file):
        if summary := event.get("summaryEvent"):
            changes = summary.get("resourceChanges") or {}
        elif finished := event.get("resOutputsEvent"):
            step = finished["metadata"]
            if step["op"] != "same":
                operations.append(Operation(step["urn"], step["op"]))
    return changes, tuple(operations)


def _events(file: Path) -> Iterator[dict[str, Any]]:
    if not file.exists():
        return
    for line in file.read_text().splitlines():
        try:
            yield json.loads(line)
        except ValueError:  # a killed engine leaves half a line
            return
