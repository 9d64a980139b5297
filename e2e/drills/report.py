"""Results of a run: lines while it goes on, a table at its end, a file for whoever compares."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_SHORT = 3  # digits of a number that a person reads


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one drill."""

    name: str
    seconds: float
    figures: Mapping[str, object]
    failure: str = ""  # a sentence, if it failed

    @property
    def passed(self) -> bool:
        return not self.failure


@dataclass(frozen=True, slots=True)
class Report:
    seconds: float
    versions: Mapping[str, str]
    outcomes: Sequence[Outcome]

    @property
    def passed(self) -> bool:
        """Whether there was something to pass, and all of it has."""
        return bool(self.outcomes) and all(outcome.passed for outcome in self.outcomes)

    def write(self, path: Path) -> None:
        """Write the JSON file, whole or not at all."""
        content = {
            "seconds": round(self.seconds, 1),
            "versions": dict(self.versions),
            "drills": [_as_json(outcome) for outcome in self.outcomes],
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}")
        unfinished.write_text(json.dumps(content, indent=2) + "\n")
        unfinished.replace(path)

    def table(self) -> str:
        """One line a drill: name, verdict, seconds, figures."""
        width = max((len(outcome.name) for outcome in self.outcomes), default=0)
        lines = [line_of(outcome, width) for outcome in self.outcomes]
        failed = [outcome.name for outcome in self.outcomes if not outcome.passed]
        verdict = f"failed: {', '.join(failed)}" if failed else "all passed"
        counted = f"{len(lines)} drills in {self.seconds:.0f} s"
        return "\n".join([*lines, f"{counted}, {verdict}" if lines else "no drill was run"])


def line_of(outcome: Outcome, width: int = 0) -> str:
    verdict = "passed" if outcome.passed else "FAILED"
    figures = "  ".join(f"{name}={_short(value)}" for name, value in outcome.figures.items())
    line = f"{outcome.name:{width}}  {verdict}  {outcome.seconds:6.1f} s  {figures}".rstrip()
    return line if outcome.passed else f"{line}\n{'':{width}}  {outcome.failure}"


def _as_json(outcome: Outcome) -> Mapping[str, object]:
    return {
        "name": outcome.name,
        "passed": outcome.passed,
        "seconds": round(outcome.seconds, 1),
        "figures": {
            name: round(value, _SHORT) if isinstance(value, float) else value
            for name, value in outcome.figures.items()
        },
    }


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.1f}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {item}" for key, item in value.items()) + "}"
    return str(value)
