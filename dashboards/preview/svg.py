"""Lines, as SVG: what a graph's series look like, and the course behind a number."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from dashboards.preview.numbers import written
from dashboards.preview.prometheus import Series

# Told apart also without red and green (Okabe and Ito), and in both themes.
COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8c7ae6", "#7f8c8d")
LIMIT_COLORS = {"orange": "#e69f00", "red": "#d64545", "green": "#3a9a5b"}
LEFT, BOTTOM, TOP, RIGHT = 84, 18, 8, 6
# Above the highest value, so that it is not the picture's edge.
HEADROOM = 1.08


@dataclass(frozen=True)
class Frame:
    """Where values and times are on the picture."""

    width: int
    height: int
    start: float
    end: float
    top: float

    def x(self, at: float) -> float:
        share = (at - self.start) / max(self.end - self.start, 1)
        return LEFT + share * (self.width - LEFT - RIGHT)

    def y(self, value: float) -> float:
        return self.height - BOTTOM - value / self.top * (self.height - TOP - BOTTOM)


def graph(
    named: Sequence[tuple[str, Series]],
    *,
    unit: str,
    limits: Sequence[tuple[float, str]],
    maximum: float | None,
    stacked: bool,
    size: tuple[int, int],
    span: tuple[float, float],
) -> str:
    """Draw series from 0 upward; `limits` (value, color) are dashed lines."""
    lines = _stack(named) if stacked else [series.points for _, series in named]
    top = max((value for line in lines for _, value in line), default=0)
    near = [value for value, _ in limits if top > 0 and value <= 2 * top]
    frame = Frame(*size, *span, (maximum or max([top, *near]) or 1) * HEADROOM)
    parts = [
        f'<svg viewBox="0 0 {size[0]} {size[1]}" role="img" preserveAspectRatio="none">',
        *_axes(frame, unit),
        *(_limit(frame, value, color) for value, color in limits if value <= frame.top),
        *(
            f'<path d="{_path(frame, line)}" stroke="{COLORS[index % len(COLORS)]}"/>'
            for index, line in enumerate(lines)
        ),
        "</svg>",
    ]
    return "".join(parts)


def course(series: Series, span: tuple[float, float]) -> str:
    """Draw what was behind a number, without axes."""
    top = max(value for _, value in series.points) or 1
    start, end = span
    points = " ".join(
        f"{(at - start) / max(end - start, 1) * 100:.1f},{24 - value / top * 20:.1f}"
        for at, value in series.points
    )
    return (
        '<svg class="course" viewBox="0 0 100 26" preserveAspectRatio="none">'
        f'<polyline points="{points}"/></svg>'
    )


def _axes(frame: Frame, unit: str) -> list[str]:
    found = []
    for share in (0, 0.5, 1):
        value = frame.top / HEADROOM * share
        y = frame.y(value)
        found.append(
            f'<line class="axis" x1="{LEFT}" x2="{frame.width - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">'
            f"{escape(written(value, unit))}</text>"
        )
    minutes = (frame.end - frame.start) / 60
    found.append(f'<text x="{LEFT}" y="{frame.height - 4}">{minutes:.0f} min ago</text>')
    found.append(
        f'<text x="{frame.width - RIGHT}" y="{frame.height - 4}" text-anchor="end">now</text>'
    )
    return found


def _limit(frame: Frame, value: float, color: str) -> str:
    y = frame.y(value)
    return (
        f'<line class="limit" x1="{LEFT}" x2="{frame.width - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"'
        f' stroke="{LIMIT_COLORS[color]}"/>'
    )


def _path(frame: Frame, line: Sequence[tuple[float, float]]) -> str:
    points = [f"{frame.x(at):.1f},{frame.y(min(value, frame.top)):.1f}" for at, value in line]
    # A single point is a short line, or nobody would see it.
    return "M" + " L".join(points if len(points) > 1 else [*points, *points]) + " h1"


def _stack(named: Sequence[tuple[str, Series]]) -> list[list[tuple[float, float]]]:
    below: dict[float, float] = {}
    found = []
    for _, series in named:
        line = []
        for at, value in series.points:
            below[at] = below.get(at, 0) + value
            line.append((at, below[at]))
        found.append(line)
    return found
