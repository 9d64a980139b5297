"""What a drill is: a name, the stack it begins with, the figures it owes, and a function."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NoReturn, get_type_hints

from e2e.platform.deployed import Deployed


class Stage(Enum):
    """How the stack must stand when a drill begins."""

    EMPTY = "nothing is deployed"
    PRESENT = "everything is deployed, in whatever condition"
    SETTLED = "everything is deployed, healthy and in both zones"
    ANY = "whatever is there"


class DrillFailed(Exception):
    """The platform failed a drill; one sentence says how."""


@dataclass(slots=True)
class Checks:
    """Figures of one drill as they come in, and what it requires."""

    figures: dict[str, object] = field(default_factory=dict)

    def note(self, **figures: object) -> None:
        self.figures |= figures

    def require(self, condition: object, sentence: str) -> None:
        """Fail with the sentence, which says what was found, unless the condition holds."""
        if not condition:
            self.fail(sentence)

    def fail(self, sentence: str) -> NoReturn:
        raise DrillFailed(sentence)


@dataclass(frozen=True, slots=True)
class Drill:
    name: str
    run: Callable[[Any, Checks], None]  # of a Platform, or of anything Deployed
    stage: Stage
    owes: tuple[str, ...]  # figures that it must give

    @property
    def says(self) -> str:
        """The first line of its docstring."""
        return (self.run.__doc__ or "").strip().partition("\n")[0]

    @property
    def runs_anywhere(self) -> bool:
        """Whether it asks only for what every deployed stack has, as its annotation says."""
        return get_type_hints(self.run).get("platform") is Deployed
