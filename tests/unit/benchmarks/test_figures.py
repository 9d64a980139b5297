import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.figures import noise, percentile, ratios, summarise


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 1.0), (1, 1.0), (50, 50.0), (99, 99.0), (100, 100.0)]
)
def test_percentile_is_a_value_that_occurred(percent: float, expected: float) -> None:
    values = [float(number) for number in range(100, 0, -1)]

    assert percentile(values, percent) == expected


def test_percentile_of_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="answered no request"):
        percentile([], 50)


@given(st.lists(st.floats(0.1, 1e6), min_size=1), st.floats(0, 100))
def test_percentile_covers_its_share(values: list[float], percent: float) -> None:
    found = percentile(values, percent)

    assert sum(value <= found for value in values) * 100 >= percent * len(values) - 1e-6


def test_summary_is_of_the_rounds_and_not_of_their_order() -> None:
    summary = summarise([3.0, 1.0, 2.0, 9.0, 2.5])

    assert (summary.median, summary.lowest, summary.highest) == (2.5, 1.0, 9.0)


def test_ratios_are_made_within_a_round() -> None:
    assert ratios([10.0, 40.0], [20.0, 20.0]) == [0.5, 2.0]


def test_noise_counts_a_factor_up_and_down_alike() -> None:
    assert noise([0.5, 2.0, 1.0]) == 2.0
    assert noise([1.0]) == 1.0
