from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

import pytest

from benchmarks.rounds import MIN_ROUNDS, take_turns, turns

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES = ["a", "b", "c", "d"]


def test_everybody_has_a_turn_in_each_round_and_comes_first_equally_often() -> None:
    assert all(sorted(turns(NAMES, number)) == NAMES for number in range(8))
    first = Counter(turns(NAMES, number)[0] for number in range(8))

    assert first == dict.fromkeys(NAMES, 2)


def test_measurements_stand_at_the_number_of_their_round() -> None:
    order: list[str] = []
    reported: list[Mapping[str, int]] = []

    def measure(name: str) -> int:
        order.append(name)
        return order.count(name) * 10

    measured = take_turns(
        {name: partial(measure, name) for name in ("x", "y")},
        rounds=2,
        report=lambda _number, latest: reported.append(latest),
    )

    assert order == ["x", "y", "y", "x"]
    assert measured == {"x": [10, 20], "y": [10, 20]}
    assert reported == [{"x": 10, "y": 10}, {"x": 20, "y": 20}]


@pytest.mark.parametrize(("seconds", "rounds"), [(0.0, MIN_ROUNDS), (60.0, 5)])
def test_a_busy_machine_gets_fewer_rounds_but_never_too_few(seconds: float, rounds: int) -> None:
    measured = take_turns({"x": lambda: 1}, 5, lambda _number, _latest: None, seconds=seconds)

    assert measured == {"x": [1] * rounds}
