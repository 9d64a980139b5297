"""Arithmetic on measured numbers. Pure."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Summary:
    """The median of a run's rounds, and the two extremes."""

    median: float
    lowest: float
    highest: float


def summarise(values: Sequence[float]) -> Summary:
    return Summary(statistics.median(values), min(values), max(values))


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that at least `percent` % of the values do not exceed."""
    if not values:
        raise ValueError("there is no percentile of nothing: the slice answered no request")
    rank = math.ceil(len(values) * percent / 100)
    return sorted(values)[max(rank, 1) - 1]


def tail_of(latencies: Sequence[float]) -> float:
    """Return p99/p50: how much longer an unlucky one waits than an ordinary one."""
    return percentile(latencies, 99) / percentile(latencies, 50)


def ratios(numerators: Sequence[float], denominators: Sequence[float]) -> list[float]:
    """Divide round by round: both numbers of a ratio come from the same moment."""
    return [
        numerator / denominator
        for numerator, denominator in zip(numerators, denominators, strict=True)
    ]


def noise(same: Sequence[float]) -> float:
    """Return by what factor (>= 1) two slices of the same thing differ in the median round."""
    return statistics.median(max(ratio, 1 / ratio) for ratio in same)
