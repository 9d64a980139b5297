"""One whole run: choose, run, write build/e2e.json after each drill, print the table."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from e2e.deploy.engine.stacks import Stack
from e2e.drills import registry, runner
from e2e.drills.secrecy import Keeper
from e2e.platform.platform import Platform

REPORT = Path(__file__).parents[2] / "build" / "e2e.json"


def check_names(names: Sequence[str], *, subset: str = "", stack: Stack = Stack.PLATFORM) -> None:
    """Raise UnknownDrillError, before anything is started for them."""
    registry.chosen(Keeper(), names, subset=subset, of=stack)


def forget_report() -> None:
    """Remove an earlier run's, which nobody is to take for that of a run which ended early."""
    REPORT.unlink(missing_ok=True)


def run_drills(
    platform: Platform,
    names: Sequence[str] = (),
    *,
    subset: str = "",
    versions: Mapping[str, str],
    say: runner.Say = print,
) -> bool:
    """Run the drills named, or a subset, or all; True when each of them has passed."""
    keeper = Keeper()
    drills = registry.chosen(keeper, names, subset=subset, of=platform.stack)
    report = runner.run(
        platform,
        drills,
        versions=versions,
        say=say,
        afterwards=keeper.collect,
        reported=lambda report: report.write(REPORT),
    )
    say(f"\n{report.table()}\nwritten to {REPORT}")
    return report.passed
