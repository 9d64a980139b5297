"""Values as people read them, by Grafana's names of units."""

from collections.abc import Callable

_BINARY = ("B", "KiB", "MiB", "GiB", "TiB")
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def written(value: float, unit: str) -> str:
    """Return the value with its unit, short enough for a tile."""
    return _WRITTEN.get(unit, _plain)(value)


def _plain(value: float) -> str:
    if abs(value) >= 1000:  # noqa: PLR2004  from here on digits behind the point say nothing
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _binary(value: float) -> str:
    size = value
    for name in _BINARY:
        if abs(size) < 1024 or name == _BINARY[-1]:  # noqa: PLR2004  of a binary prefix
            return f"{size:.3g} {name}" if size else "0 B"
        size /= 1024
    raise AssertionError("the last name ends the loop")


def _seconds(value: float) -> str:
    size = abs(value)
    if size < 1:
        return f"{value * 1000:.3g} ms"
    for limit, divisor, name in (
        (2 * _MINUTE, 1, "s"),
        (2 * _HOUR, _MINUTE, "min"),
        (2 * _DAY, _HOUR, "h"),
    ):
        if size < limit:
            return f"{value / divisor:.3g} {name}"
    return f"{value / _DAY:.3g} days"


_WRITTEN: dict[str, Callable[[float], str]] = {
    "percentunit": lambda value: f"{value * 100:.3g} %",
    "bytes": _binary,
    "Bps": lambda value: f"{_binary(value)}/s",
    "s": _seconds,
    "x": lambda value: f"{_plain(value)}x",
    "currencyUSD": lambda value: f"${_plain(value)}",
    "reqps": lambda value: f"{_plain(value)} req/s",
    "rps": lambda value: f"{_plain(value)} reads/s",
    "wps": lambda value: f"{_plain(value)} writes/s",
    "cps": lambda value: f"{_plain(value)} /s",
    "cpm": lambda value: f"{_plain(value)} /min",
}
