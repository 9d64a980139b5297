"""From the slices of a mode to its rows of the table. Pure."""

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.figures import noise, ratios, summarise
from benchmarks.goals import Goal, Row
from benchmarks.meter import Cpu
from benchmarks.payloads import Mode

OURS, AGAIN, FLOOR, OTHER = "platform", "platform again", "pgbench", "Alerta"

THROUGHPUT = {Mode.UPDATE: Goal(must=0.42, aim=0.55), Mode.INSERT: Goal(must=0.50, aim=0.60)}
TAIL = Goal(must=3, aim=2, at_most=True)
# Of Alerta at its best: two workers of eight threads each.
AGAINST_ALERTA = {Mode.UPDATE: Goal(must=15, aim=30), Mode.INSERT: Goal(must=12, aim=20)}


@dataclass(frozen=True)
class Slice:
    """What a contender did in one slice. The tail is p99/p50 of its answers' times."""

    alerts_per_second: float
    cpu_us: Cpu
    tail: float = 0.0
    p50_ms: float = 0.0
    generator_cpu: float = 0.0


def rows(measured: Mapping[str, Sequence[Slice]], mode: Mode) -> list[Row]:
    """Make the rows of a mode: throughput against both others, and the tail of our answers."""
    rates = {name: [each.alerts_per_second for each in slices] for name, slices in measured.items()}
    tails = {name: [each.tail for each in slices] for name, slices in measured.items()}
    same = noise(ratios(rates[OURS], rates[AGAIN]))
    others = summarise([each.cpu_us.others for each in measured[OURS]]).median
    return [
        Row(
            name=f"intake, {mode}: platform / pgbench",
            unit="x",
            goal=THROUGHPUT[mode],
            measured=summarise(ratios(rates[OURS], rates[FLOOR])),
            noise=same,
            others=others,
            remark=_remark(measured, rates),
        ),
        Row(
            name=f"intake, {mode}: p99 / p50",
            unit="x",
            goal=TAIL,
            measured=summarise(tails[OURS]),
            noise=noise(ratios(tails[OURS], tails[AGAIN])),
            others=others,
            remark=f"pgbench's own was {summarise(tails[FLOOR]).median:.2f}x",
        ),
        Row(
            name=f"intake, {mode}: platform / Alerta",
            unit="x",
            goal=AGAINST_ALERTA[mode],
            measured=summarise(ratios(rates[OURS], rates[OTHER])),
            noise=same,
            others=others,
        ),
    ]


def _remark(measured: Mapping[str, Sequence[Slice]], rates: Mapping[str, Sequence[float]]) -> str:
    ours = measured[OURS]
    medians = ", ".join(f"{name} {summarise(values).median:,.0f}" for name, values in rates.items())
    p50 = summarise([each.p50_ms for each in ours]).median
    generator = summarise([each.generator_cpu for each in ours]).median
    cpu = {
        name: min((each.cpu_us for each in measured[name]), key=operator.attrgetter("total"))
        for name in (OURS, FLOOR)
    }
    costs = ", ".join(f"{name} {each.client:.1f}+{each.database:.1f}" for name, each in cpu.items())
    others = summarise([each.cpu_us.others for each in ours]).median
    return (
        f"others used {others:.0%} of the machine; median alerts/s {medians};"
        f" CPU us an alert, client+database: {costs}"
        f" (ratio {cpu[FLOOR].total / cpu[OURS].total:.2f}); p50 {p50:.0f} ms;"
        f" the load generator took {generator:.0%} of a core"
    )
