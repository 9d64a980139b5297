"""What a drill is: a name, the stack it begins with, the figures it owes, and a function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NoReturn

from e2e.platform.platform import Platform

Figures = Mapping[str, object]
Run = Callable[[Platform], Figures]


class Stage(Enum):
    """How the stack must stand when a drill begins."""

    EMPTY = "nothing is deployed"
    PRESENT = "everything is deployed, in whatever condition"
    SETTLED = "everything is deployed, healthy and in both zones"
    ANY = "whatever is there"


class DrillFailed(Exception):
    """What the platform did not bear, in a sentence, with what was measured until then."""

    def __init__(self, sentence: str, figures: Figures | None = None) -> None:
        super().__init__(sentence)
        self.figures = dict(figures or {})


@dataclass(frozen=True, slots=True)
class Drill:
    name: str
    run: Run
    stage: Stage
    owes: tuple[str, ...]  # figures without which it has not passed

    @property
    def says(self) -> str:
        """The first line of its docstring."""
        return (self.run.__doc__ or "").strip().partition("\n")[0]


@dataclass(slots=True)
class Checks:
    """Figures as they come in; whoever fails takes those there are along."""

    figures: dict[str, object] = field(default_factory=dict)

    def note(self, **figures: object) -> None:
        self.figures |= figures

    def require(self, condition: object, sentence: str) -> None:
        """Fail with the sentence, which says what was found, unless the condition holds."""
        if not condition:
            self.fail(sentence)

    def fail(self, sentence: str) -> NoReturn:
        raise DrillFailed(sentence, self.figures)
