"""Durations as Go writes them, with Prometheus' days, weeks and years. Pure, and stdlib alone."""

import re

_UNITS = {
    "ns": 1e-9,
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1,
    "m": 60,
    "h": 3600,
    "d": 86400,
    "w": 604800,
    "y": 31536000,
}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|ms|s|m|h|d|w|y)")


def seconds(text: str) -> float:
    """Read `168h` or `10m0s`; raises ValueError."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is no duration, such as 168h")
    return float(sum(float(number) * _UNITS[unit] for number, unit in parts))
