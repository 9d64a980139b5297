"""The table that a run prints. Pure."""

from collections.abc import Sequence

from benchmarks.goals import Row

_HEAD = ("what", "must", "aim", "measured", "lowest..highest", "A/A noise", "verdict")


def render(rows: Sequence[Row]) -> str:
    """Return the table as text, and what rows have to remark below it."""
    cells = [_HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
    lines = [_line(line, widths) for line in cells]
    lines.insert(1, "-" * max(map(len, lines)))
    remarks = [f"{row.name}: {row.remark}" for row in rows if row.remark]
    return "\n".join([*lines, "", *remarks])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *numbers, verdict = (
        cell.ljust(width) if column in {0, len(cells) - 1} else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join([first, *numbers, verdict]).rstrip()


def _cells(row: Row) -> tuple[str, ...]:
    sign = "<=" if row.goal.at_most else ">="
    measured = row.measured
    return (
        row.name,
        f"{sign} {row.goal.must:g}{row.unit}",
        f"{sign} {row.goal.aim:g}{row.unit}",
        f"{_number(measured.median)}{row.unit}",
        f"{_number(measured.lowest)}..{_number(measured.highest)}",
        f"{row.noise:.2f}" if row.noise > 1 else "-",
        row.verdict.value,
    )


def _number(value: float) -> str:
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"  # noqa: PLR2004  # two digits
