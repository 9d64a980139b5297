"""Partition arithmetic: no gap, no overlap, and names that can be read back."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.retention.periods import PartitionedTable, Period

MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001  # Hypothesis wants naive bounds
    max_value=datetime(9990, 1, 1),  # noqa: DTZ001  # as above
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))]),
)
PERIODS = st.sampled_from(Period)


@given(moment=MOMENTS, period=PERIODS, ahead=st.integers(0, 14))
def test_the_wanted_partitions_cover_now_and_what_comes_without_gap_or_overlap(
    moment: datetime, period: Period, ahead: int
) -> None:
    wanted = PartitionedTable("episode", "closed_at", period, ahead).wanted(moment)

    assert len(wanted) == ahead + 1
    assert wanted[0].start <= moment < wanted[0].end
    assert all(before.end == after.start for before, after in pairwise(wanted))
    assert all(partition.start < partition.end for partition in wanted)


@given(moment=MOMENTS, period=PERIODS)
def test_a_name_says_which_partition_it_is(moment: datetime, period: Period) -> None:
    table = PartitionedTable("episode", "closed_at", period, ahead=0)
    (partition,) = table.wanted(moment)

    assert table.partition_named(partition.name) == partition


@pytest.mark.parametrize(
    "name",
    [
        "episode_default",
        "episode_p",
        "episode_p202613",
        "episode_p2026111",
        "delivery_p202611",
        "x",
    ],
)
def test_other_names_are_not_ours(name: str) -> None:
    assert PartitionedTable("episode", "closed_at", Period.MONTH, 1).partition_named(name) is None


def test_names_are_written_so() -> None:
    moment = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
    days = PartitionedTable("delivery", "received_at", Period.DAY, ahead=1).wanted(moment)
    months = PartitionedTable("episode", "closed_at", Period.MONTH, ahead=1).wanted(moment)

    assert [day.name for day in days] == ["delivery_p20261231", "delivery_p20270101"]
    assert [month.name for month in months] == ["episode_p202612", "episode_p202701"]
