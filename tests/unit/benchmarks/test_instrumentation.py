"""What instrumentation costs is read off neighbours: a machine that slows down says nothing."""

import pytest

from benchmarks.goals import Verdict
from benchmarks.instrumentation import NAMES, row


def test_each_slice_is_compared_with_its_neighbour() -> None:
    floor = [100.0, 200.0, 400.0]
    measured = row(
        {
            NAMES.ours: [110.0, 220.0, 4000.0],
            NAMES.floor: floor,
            NAMES.again: [102.0, 204.0, 408.0],
        }
    )

    assert measured.measured.median == pytest.approx(1.1)
    assert measured.noise == pytest.approx(1.02)
    assert measured.verdict is Verdict.MUST
