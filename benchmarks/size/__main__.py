"""`make bench-size`: the same work on a database of a large size and of a small one, in turns.

Writes build/bench-size.json; 1 when a must is missed.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmarks import report
from benchmarks.database import postgres
from benchmarks.figures import ratios, summarise
from benchmarks.goals import Goal, Row, Verdict
from benchmarks.payloads import Mode, body_template
from benchmarks.processes import BUILD, ProcessFailed
from benchmarks.progress import say
from benchmarks.rounds import take_turns
from benchmarks.size.filling import LARGE, SMALL, Size, fill, forget_deliveries
from benchmarks.size.memory_limit import can_limit, small_machine
from benchmarks.size.sites import FREE_TEXT, LISTS, MATCHERS, NOW_PAGE, Place, Site, two_hours
from benchmarks.table import render

ROUNDS = 5
WORK = Goal(must=1.3, aim=1.1, at_most=True)
WORK_ON_A_SMALL_MACHINE = Goal(must=2, aim=1.3, at_most=True)
QUESTIONS = Goal(must=1.5, aim=1.2, at_most=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.size", description=__doc__)
    parser.add_argument("--part", type=int, default=1, help="fill a part of it: 1/PART")
    size = _part_of(LARGE, parser.parse_args(arguments).part)
    began, load_before, started = datetime.now(UTC), os.getloadavg()[0], time.monotonic()
    try:
        version, rows = _measure(size)
    except (FileNotFoundError, ProcessFailed) as error:
        say(f"bench-size: {error}")
        return 2
    where = report.machine(began, version, load_before)
    report.write(BUILD / "bench-size.json", rows, where)
    say(f"{time.monotonic() - started:.0f} s in all")
    sys.stdout.write(f"\nPostgreSQL {version}, {where.cores} cores\n\n{render(rows)}\n")
    return 1 if any(row.verdict is Verdict.MISSED for row in rows) else 0


def _part_of(size: Size, part: int) -> Size:
    return Size(size.alerts // part, size.episodes // part, max(size.days // part, SMALL.days))


def _measure(size: Size) -> tuple[str, list[Row]]:
    now = datetime.now(UTC)
    with (
        tempfile.TemporaryDirectory(prefix="bench-size-") as name,
        postgres("embedded") as empty,
        postgres("embedded") as large,
    ):
        folder = Path(name)
        places = [Place.create(empty, folder / "empty"), Place.create(large, folder / "large")]
        fill(large, size, now)
        rows = _work(places, WORK, "")
        if can_limit():
            with small_machine(empty, "empty"), small_machine(large, "large"):
                rows += _work(places, WORK_ON_A_SMALL_MACHINE, ", 1 GiB")
            for place in places:
                place.postgres.server.start()
        else:
            say("not root, so nothing holds the databases to 1 GiB: these rows are left out")
        for place in places:
            forget_deliveries(place.postgres)
        fill(empty, SMALL, now)
        rows += _questions(places, size, now)
        return large.version(), rows


def _work(places: Sequence[Place], goal: Goal, where: str) -> list[Row]:
    """Measure what goes on all the time: updates, new alerts and lists."""
    with _sites(places) as (empty, large):
        for site in (empty, large):
            site.know_groups()
        rows = []
        for mode in Mode:
            deliver = partial(Site.deliver, mode=mode)
            rows.append(_row(f"{mode}{where}: empty / large", goal, deliver, empty, large))
        ask = partial(Site.milliseconds, paths=LISTS)
        rows.append(_row(f"lists{where}: large / empty", goal, ask, large, empty))
    return rows


def _questions(places: Sequence[Place], size: Size, now: datetime) -> list[Row]:
    """Measure what people ask now and then. The times of episodes lie in those of each site."""
    with _sites(places) as (small, large):

        def episodes(site: Site) -> float:
            days = size.days if site is large else SMALL.days
            return site.milliseconds(two_hours(now, days))

        contenders: Mapping[str, Callable[[Site], float]] = {
            "episodes of two hours": episodes,
            "matchers": partial(Site.milliseconds, paths=MATCHERS),
            "free text": partial(Site.milliseconds, paths=FREE_TEXT),
            "console, Now": partial(Site.milliseconds, paths=NOW_PAGE),
        }
        return [
            _row(f"{name}: large / small", QUESTIONS, ask, large, small)
            for name, ask in contenders.items()
        ]


@contextmanager
def _sites(places: Sequence[Place]) -> Iterator[list[Site]]:
    template = body_template(datetime.now(UTC))
    with ExitStack() as stack:
        yield [stack.enter_context(place.site(template)) for place in places]


def _row(name: str, goal: Goal, measure: Callable[[Site], float], above: Site, below: Site) -> Row:
    """Measure both in turns; the first is divided by the second."""
    say(name)
    for site in (above, below):
        measure(site)  # caches are warm for both
    contenders = {"above": partial(measure, above), "below": partial(measure, below)}
    found = take_turns(contenders, ROUNDS, _progress)
    medians = {side: summarise(values).median for side, values in found.items()}
    return Row(
        name=name,
        unit="x",
        goal=goal,
        measured=summarise(ratios(found["above"], found["below"])),
        remark=f"medians {medians['above']:,.1f} and {medians['below']:,.1f}",
    )


def _progress(number: int, latest: Mapping[str, float]) -> None:
    values = ", ".join(f"{name} {value:,.1f}" for name, value in latest.items())
    say(f"  round {number + 1}/{ROUNDS}: {values}")


if __name__ == "__main__":
    sys.exit(main())
