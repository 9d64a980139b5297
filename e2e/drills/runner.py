"""Runs drills one after the other; a failed drill does not stop the next."""

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from e2e.drills.drill import Checks, Drill, DrillFailed, Stage
from e2e.drills.report import Outcome, Report, line_of
from e2e.platform.platform import Platform

_SENTENCE = 300

Say = Callable[[str], None]
# Called after each drill, also a failed one: secrets and logs are collected while they exist.
Afterwards = Callable[[Platform], None]


def run(
    platform: Platform,
    drills: Sequence[Drill],
    *,
    versions: Mapping[str, str],
    file: Path,
    say: Say = print,
    afterwards: Afterwards = lambda _: None,
) -> Report:
    """Run them in this order; write the report after each, since a run may end early."""
    began = time.monotonic()
    report = Report(0, versions, ())
    for number, drill in enumerate(drills, 1):
        say(f"[{number}/{len(drills)}] {drill.name}: {drill.says}")
        outcome = _attempt(platform, drill, say, afterwards)
        say(f"  {line_of(outcome)}")
        report = Report(_since(began), versions, (*report.outcomes, outcome))
        report.write(file)
    return report


def _attempt(platform: Platform, drill: Drill, say: Say, afterwards: Afterwards) -> Outcome:
    """Run one drill; whatever it raises is its failure."""
    checks, began = Checks(), time.monotonic()

    def perform() -> None:
        nonlocal began
        bring_to(platform, drill.stage, say)
        began = time.monotonic()  # the way to the stage does not count
        drill.run(platform, checks)
        missing = sorted(set(drill.owes) - checks.figures.keys())
        checks.require(not missing, f"it gave no figure for {', '.join(missing)}")

    failure, seconds = _failure_of(perform, say), _since(began)
    failure = _failure_of(lambda: afterwards(platform), say) or failure
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


def bring_to(platform: Platform, stage: Stage, say: Say) -> None:
    """Deploy, destroy or repair until the stage is reached."""
    if stage in {Stage.PRESENT, Stage.SETTLED} and not platform.is_deployed:
        say("  first: pulumi up")
        platform.world.heal()
        platform.engine.up()
    if stage is Stage.EMPTY and platform.engine.checkpoint().resources:
        say("  first: pulumi destroy")
        platform.world.heal()
        platform.engine.destroy()
    if stage is Stage.SETTLED:
        platform.settle()


def _since(began: float) -> float:
    return time.monotonic() - began
