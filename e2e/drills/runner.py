"""Runs drills one after the other: a failed one does not keep the next from its turn."""

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from e2e.drills.drill import Drill, DrillFailed, Figures, Stage
from e2e.drills.report import Outcome, Report, line_of
from e2e.platform.platform import Platform

_SENTENCE = 300

Say = Callable[[str], None]
# Called after each drill, whatever came of it: secrets and logs are collected while they are there.
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
    """Run them in this order; the report is written after each, since a run may be ended early."""
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
    """Run one drill; anything that it raises is its failure, and the next one's turn."""
    began = time.monotonic()
    try:
        bring_to(platform, drill.stage, say)
        began = time.monotonic()  # what came before is nobody's figure
        figures = _complete(drill, drill.run(platform))
        outcome = Outcome(drill.name, passed=True, seconds=_since(began), figures=figures)
    except Exception as error:  # noqa: BLE001 - whatever a drill runs into, the others have their turn
        outcome = _failed(drill, _since(began), error, say)
    try:
        afterwards(platform)
    except Exception as error:  # noqa: BLE001 - as above
        return _failed(drill, outcome.seconds, error, say)
    return outcome


def bring_to(platform: Platform, stage: Stage, say: Say) -> None:
    """Deploy, destroy or mend as far as the stage asks for it."""
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


def _complete(drill: Drill, figures: Figures) -> Figures:
    if missing := sorted(set(drill.owes) - figures.keys()):
        raise DrillFailed(f"it gave no figure for {', '.join(missing)}", figures)
    return figures


def _failed(drill: Drill, seconds: float, error: Exception, say: Say) -> Outcome:
    if isinstance(error, DrillFailed):
        figures, sentence = error.figures, str(error)
    else:
        say(traceback.format_exc())
        figures, sentence = {}, f"{type(error).__name__}: {error}"[:_SENTENCE]
    return Outcome(drill.name, passed=False, seconds=seconds, figures=figures, sentence=sentence)


def _since(began: float) -> float:
    return time.monotonic() - began
