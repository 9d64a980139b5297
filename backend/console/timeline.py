"""The geometry of an alert's timeline: episodes and ticks as percentages of a width. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from backend.console.display import full_time, plural, span

# Round steps, with the format of their ticks.
_STEPS: Sequence[tuple[timedelta, str]] = (
    (timedelta(minutes=1), "%H:%M"),
    (timedelta(minutes=5), "%H:%M"),
    (timedelta(minutes=15), "%H:%M"),
    (timedelta(hours=1), "%H:%M"),
    (timedelta(hours=3), "%H:%M"),
    (timedelta(hours=6), "%d %b %H:%M"),
    (timedelta(days=1), "%d %b"),
    (timedelta(days=7), "%d %b"),
    (timedelta(days=30), "%d %b"),
    (timedelta(days=90), "%d %b %Y"),
    (timedelta(days=365), "%Y"),
)
_MOST_TICKS = 6
_LEAST_SPAN = timedelta(minutes=10)
# A flap of two seconds in a month must still be visible.
_LEAST_WIDTH = 0.4
_EDGE = 6.0


class Period(Protocol):
    """One episode: open from `opened_at` until `closed_at`, or still."""

    @property
    def opened_at(self) -> datetime: ...
    @property
    def closed_at(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    width: float
    open: bool
    title: str


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class Timeline:
    bars: Sequence[Bar]
    ticks: Sequence[Tick]
    description: str


def draw(episodes: Sequence[Period], now: datetime) -> Timeline:
    """Lay out the episodes, from the earliest to `now` or to one with a later time."""
    start, end = _extent(episodes, now)
    return Timeline(
        bars=[_bar(episode, start, end, now) for episode in episodes],
        ticks=_ticks(start, end),
        description=_describe(episodes, start, now),
    )


def _extent(episodes: Sequence[Period], now: datetime) -> tuple[datetime, datetime]:
    ends = [now, *(episode.closed_at or episode.opened_at for episode in episodes)]
    end = max(ends)
    first = min((episode.opened_at for episode in episodes), default=now)
    length = max(end - first, _LEAST_SPAN)
    return end - length * 1.04, end


def _bar(episode: Period, start: datetime, end: datetime, now: datetime) -> Bar:
    closed_at = episode.closed_at or max(now, episode.opened_at)
    left, right = _x(episode.opened_at, start, end), _x(closed_at, start, end)
    width = max(right - left, _LEAST_WIDTH)
    state = f"closed {full_time(episode.closed_at)}" if episode.closed_at else "still open"
    lasted = span(closed_at - episode.opened_at)
    return Bar(
        x=round(min(left, 100 - width), 2),
        width=round(width, 2),
        open=episode.closed_at is None,
        title=f"opened {full_time(episode.opened_at)}, {state}, {lasted}",
    )


def _x(at: datetime, start: datetime, end: datetime) -> float:
    return 100 * ((at - start) / (end - start))


def _ticks(start: datetime, end: datetime) -> Sequence[Tick]:
    step, pattern = next(
        ((step, text) for step, text in _STEPS if (end - start) / step <= _MOST_TICKS), _STEPS[-1]
    )
    epoch = datetime(start.year, 1, 1, tzinfo=UTC)
    first = epoch + step * -(-(start - epoch) // step)
    places = [first + step * index for index in range((end - first) // step + 1)]
    return [_tick(at, round(_x(at, start, end), 2), pattern) for at in places]


def _tick(at: datetime, x: float, pattern: str) -> Tick:
    return Tick(x=x, anchor=_anchor(x), text=at.strftime(pattern))


def _anchor(x: float) -> str:
    if x < _EDGE:
        return "start"
    return "end" if x > 100 - _EDGE else "middle"


def _describe(episodes: Sequence[Period], start: datetime, now: datetime) -> str:
    still = sum(1 for episode in episodes if episode.closed_at is None)
    state = "one is open now" if still else "none is open now"
    number = plural(len(episodes), "episode", "episodes")
    return f"{number} since {full_time(start)}; {state} ({full_time(now)})."
