"""Taking turns: who is measured when."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

Measured = TypeVar("Measured")

# A median of fewer says nothing.
MIN_ROUNDS = 3


def turns(names: Sequence[str], round_number: int) -> list[str]:
    """Return the order of a round: everybody comes first equally often, and after everybody.

    A machine that gets slower within each round would otherwise favour whoever comes first.
    """
    start = round_number % len(names)
    rotated = [*names[start:], *names[:start]]
    return rotated[::-1] if round_number // len(names) % 2 else rotated


def take_turns(
    contenders: Mapping[str, Callable[[], Measured]],
    rounds: int,
    report: Callable[[int, Mapping[str, Measured]], None],
    *,
    seconds: float = math.inf,
) -> dict[str, list[Measured]]:
    """Measure every contender once in each round; position n of each list is round n.

    On a machine so busy that `seconds` have passed before the last round, the rest is left out.
    """
    until = time.monotonic() + seconds
    measured: dict[str, list[Measured]] = {name: [] for name in contenders}
    for number in range(rounds):
        if number >= MIN_ROUNDS and time.monotonic() > until:
            break
        for name in turns(list(contenders), number):
            measured[name].append(contenders[name]())
        report(number, {name: values[-1] for name, values in measured.items()})
    return measured
