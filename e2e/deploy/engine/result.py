"""What one command of the engine did: read from its event log, which holds no secret in clear."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.deploy.engine.checkpoint import name_of
from e2e.deploy.engine.cli import Completed


@dataclass(frozen=True, slots=True)
class Operation:
    """A finished step, in the order in which the engine saw their ends."""

    op: str
    urn: str
    type: str

    @property
    def name(self) -> str:
        return name_of(self.urn)


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
    return Result(
        ok=done.code == 0,
        changes=changes_in(done.events),
        seconds=done.seconds,
        text=done.text,
        operations=operations_in(done.events),
    )


def changes_in(events: Path) -> Mapping[str, int]:
    """Read the summary; empty when the command ended before there was one."""
    changes: dict[str, int] = {}
    for event in _events(events):
        if summary := event.get("summaryEvent"):
            changes = summary.get("resourceChanges") or {}
    return changes


def operations_in(events: Path) -> tuple[Operation, ...]:
    """Finished steps other than `same`."""
    steps = (
        event["resOutputsEvent"]["metadata"]
        for event in _events(events)
        if "resOutputsEvent" in event
    )
    return tuple(
        Operation(step["op"], step["urn"], step["type"]) for step in steps if step["op"] != "same"
    )


def _events(file: Path) -> Iterator[dict[str, Any]]:
    if not file.exists():
        return
    for line in file.read_text().splitlines():
        try:
            yield json.loads(line)
        except ValueError:  # a killed engine leaves half a line
            return
