"""Taking turns: who is measured when."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

Measured = TypeVar("Measured")


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
) -> dict[str, list[Measured]]:
    """Measure every contender once in each round; position n of each list is round n."""
    measured: dict[str, list[Measured]] = {name: [] for name in contenders}
    for number in range(rounds):
        for name in turns(list(contenders), number):
            measured[name].append(contenders[name]())
        report(number, {name: values[-1] for name, values in measured.items()})
    return measured
