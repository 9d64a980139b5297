"""The geometry of timelines."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from backend.console.timeline import draw

NOW = datetime(2026, 11, 24, 3, 14, 7, tzinfo=UTC)


@dataclass(frozen=True)
class Episode:
    opened_at: datetime
    closed_at: datetime | None = None


def ago(**units: float) -> datetime:
    return NOW - timedelta(**units)


def test_bars_stand_where_their_times_are() -> None:
    timeline = draw([Episode(ago(hours=1)), Episode(ago(hours=4), ago(hours=3))], NOW)
    still, closed = timeline.bars
    assert still.open
    assert still.x + still.width == 100
    assert not closed.open
    assert closed.width == round(100 / 4.16, 2)
    assert [tick.text for tick in timeline.ticks] == ["00:00", "01:00", "02:00", "03:00"]


def test_text_says_what_the_picture_shows() -> None:
    timeline = draw([Episode(ago(minutes=50)), Episode(ago(hours=4), ago(hours=3))], NOW)
    description = timeline.description.replace("\N{NO-BREAK SPACE}", " ")
    assert description.startswith("2 episodes since 2026-11-23 23:")
    assert "one is open now" in description
    assert "still open, 50 min" in timeline.bars[0].title.replace("\N{NO-BREAK SPACE}", " ")


def test_a_flap_in_a_year_can_be_seen() -> None:
    flap = Episode(ago(days=1), ago(days=1) + timedelta(seconds=1))
    timeline = draw([flap, Episode(ago(days=365), ago(days=364))], NOW)
    assert timeline.bars[0].width == 0.4


def test_no_episode_is_an_empty_track() -> None:
    timeline = draw([], NOW)
    assert timeline.bars == []
    assert timeline.ticks
    assert "none is open" in timeline.description


_TIMES = st.datetimes(
    min_value=datetime(2000, 1, 1), max_value=datetime(2027, 1, 1), timezones=st.just(UTC)  # noqa: DTZ001  # Hypothesis adds the zone itself
)  # fmt: skip
_EPISODES = st.builds(
    lambda opened_at, lasted: Episode(opened_at, None if lasted is None else opened_at + lasted),
    _TIMES,
    st.none() | st.timedeltas(timedelta(0), timedelta(days=900)),
)


@given(st.lists(_EPISODES, max_size=20))
def test_everything_is_within_the_picture(episodes: list[Episode]) -> None:
    """Also for episodes that are ahead of our clock."""
    timeline = draw(episodes, NOW)
    assert len(timeline.bars) == len(episodes)
    for bar in timeline.bars:
        assert 0 <= bar.x <= bar.x + bar.width <= 100.01
    # One a year, at most: from 1999 to 2030.
    assert len(timeline.ticks) <= 32
    for tick in timeline.ticks:
        assert 0 <= tick.x <= 100
