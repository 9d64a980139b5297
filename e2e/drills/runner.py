"""Runs drills one after the other: a failed one does not keep the next from its turn."""

import time
import traceback
from collections.abc import Callable, Mapping, Sequence

from e2e.drills.drill import Drill, DrillFailed, Figures
from e2e.drills.report import Outcome, Report, line_of
from e2e.drills.stages import bring_to
from e2e.platform.platform import Platform

_SENTENCE = 300

Say = Callable[[str], None]
# Called after each drill, whatever came of it: secrets and logs are collected while they are there.
Afterwards = Callable[[Platform], None]
# Called with what there is to report so far, after each drill: a run may be ended at any moment.
Reported = Callable[[Report], None]


def run(
    platform: Platform,
    drills: Sequence[Drill],
    *,
    versions: Mapping[str, str],
    say: Say = print,
    afterwards: Afterwards = lambda _: None,
    reported: Reported = lambda _: None,
) -> Report:
    """Run them all in this order; what happened is in the report, also when a drill failed."""
    began = time.monotonic()
    outcomes: list[Outcome] = []
    for number, drill in enumerate(drills, 1):
        say(f"[{number}/{len(drills)}] {drill.name}: {drill.says}")
        outcome = _attempt(platform, drill, say, afterwards)
        say(f"  {line_of(outcome)}")
        outcomes.append(outcome)
        reported(Report(_since(began), versions, tuple(outcomes)))
    return Report(_since(began), versions, tuple(outcomes))


def _attempt(platform: Platform, drill: Drill, say: Say, afterwards: Afterwards) -> Outcome:
    """Run one drill; anything that it raises is its failure, and the next one's turn."""
    began = time.monotonic()
    try:
        bring_to(platform, drill.stage, say)
        began = time.monotonic()  # what came before is nobody's figure
        figures = _complete(drill, drill.run(platform))
        outcome = Outcome(drill.name, passed=True, seconds=_since(began), figures=figures)
    except Exception as error:  # noqa: BLE001 - whatever a drill runs into, the others have their turn
        if not isinstance(error, DrillFailed):
            say(traceback.format_exc())
        outcome = _failed(drill, _since(began), error)
    try:
        afterwards(platform)
    except Exception as error:  # noqa: BLE001 - as above
        say(traceback.format_exc())
        return _failed(drill, outcome.seconds, error)
    return outcome


def _complete(drill: Drill, figures: Figures) -> Figures:
    if missing := sorted(drill.owes - figures.keys()):
        raise DrillFailed(f"it gave no figure for {', '.join(missing)}", figures)
    return figures


def _failed(drill: Drill, seconds: float, error: Exception) -> Outcome:
    figures = error.figures if isinstance(error, DrillFailed) else {}
    # What a program printed before it failed has been said above.
    told = f"{type(error).__name__}: {error}"[:_SENTENCE]
    sentence = f"{error}" if isinstance(error, DrillFailed) else told
    return Outcome(drill.name, passed=False, seconds=seconds, figures=figures, sentence=sentence)


def _since(began: float) -> float:
    return time.monotonic() - began
