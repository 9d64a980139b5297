"""Runs drills one after the other; a failed drill does not stop the next."""

import math
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from e2e.cluster.errors import ClusterError
from e2e.deploy.engine.errors import EngineError
from e2e.drills.drill import Checks, Drill, DrillFailed, Stage
from e2e.drills.report import Outcome, Report, line_of
from e2e.platform.deployed import Deployed
from e2e.platform.errors import PlatformError

_SENTENCE = 300
# For a platform that did not settle before the last drill, in all the time that it needs.
_HURRIED_SECONDS = 10

Say = Callable[[str], None]
P = TypeVar("P", bound=Deployed)


def run(
    platform: P,
    drills: Sequence[Drill],
    *,
    versions: Mapping[str, str],
    file: Path,
    say: Say = print,
    afterwards: Callable[[P], None] = lambda _: None,
) -> Report:
    """Run them in this order; write the report after each, since a run may end early.

    `afterwards` is called after each drill, also a failed one: secrets and logs are collected while
    they exist.
    """
    began, way = time.monotonic(), _Way(platform, say)
    report = Report(0, versions, ())
    for number, drill in enumerate(drills, 1):
        say(f"[{number}/{len(drills)}] {drill.name}: {drill.says}")
        outcome = _attempt(drill, way, lambda: afterwards(platform))
        say(f"  {line_of(outcome)}")
        report = Report(_since(began), versions, (*report.outcomes, outcome))
        report.write(file)
    return report


def _attempt(drill: Drill, way: "_Way", afterwards: Callable[[], None]) -> Outcome:
    """Run one drill; whatever it raises is its failure."""
    checks, began = Checks(), time.monotonic()

    def perform() -> None:
        nonlocal began
        way.lead_to(drill.stage)
        began = time.monotonic()  # the way to the stage does not count
        drill.run(way.platform, checks)
        missing = sorted(set(drill.owes) - checks.figures.keys())
        checks.require(not missing, f"it gave no figure for {', '.join(missing)}")

    failure, seconds = _failure_of(perform, way.say), _since(began)
    if failure:
        _failure_of(lambda: way.say("\n".join(way.platform.warnings())), way.say)
    failure = _failure_of(afterwards, way.say) or failure
    return Outcome(drill.name, seconds, checks.figures, failure)


def _failure_of(action: Callable[[], None], say: Say) -> str:
    """Return why it failed, or an empty text."""
    try:
        action()
    except DrillFailed as failed:
        return str(failed) or "it failed"
    except Exception as error:  # noqa: BLE001 - the other drills have their turn
        say(traceback.format_exc())
        return f"{type(error).__name__}: {error}"[:_SENTENCE]
    return ""


@dataclass(slots=True)
class _Way:
    """To the stage at which a drill begins.

    What failed there once is not waited for again: it would fail before each of the next drills.
    """

    platform: Deployed
    say: Say
    failure: str = ""  # until it is over

    def lead_to(self, stage: Stage) -> None:
        """Deploy, destroy or repair until the stage is reached."""
        try:
            self._lead_to(stage)
        except (ClusterError, EngineError, PlatformError) as error:
            said = self.failure.partition("\n")[0] or str(error)
            self.failure = self.failure or str(error)
            raise DrillFailed(f"it was not run: {said}") from None

    def _lead_to(self, stage: Stage) -> None:
        platform = self.platform
        if stage in {Stage.PRESENT, Stage.SETTLED} and not platform.is_deployed:
            if self.failure:
                raise PlatformError("the stack is not deployed")
            self.say("  first: pulumi up")
            platform.engine.up()
        if stage is Stage.EMPTY:
            if platform.engine.checkpoint().resources:
                self.say("  first: pulumi destroy")
                platform.engine.destroy()
            self.failure = ""
        if stage is Stage.SETTLED:
            platform.settle(_HURRIED_SECONDS if self.failure else math.inf)
            self.failure = ""


def _since(began: float) -> float:
    return time.monotonic() - began
