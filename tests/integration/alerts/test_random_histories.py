"""Random histories of deliveries against a reference model that is told one report at a time.

The model is the specification of docs/adr/0010 in its plainest form. The product decides in sets,
in SQL and in Python; after every delivery both must agree on every alert.
"""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support.alertmanager import ZERO_TIME, Json, make_alert
from tests.support.intake import Intake

BASE = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
_examples = itertools.count()


@dataclass
class Model:
    """What must be known of one alert."""

    firing: bool = False
    times_seen: int = 0
    starts_at: datetime | None = None
    closed_through: datetime | None = None
    contested_since: datetime | None = None
    only_end_seen: bool = False
    changed_at: datetime = BASE
    lives: list[tuple[datetime, datetime | None]] = field(default_factory=list)

    def fires(self, start: datetime | None, now: datetime) -> None:
        if self.firing:
            self._fires_on(start, now)
            return
        began = start or now
        if self.closed_through is not None:
            gap = began - self.closed_through
            if gap <= timedelta(0):
                its_own = self.starts_at is None or began <= self.starts_at + 5 * MINUTE
                if self.only_end_seen and its_own and now - self.changed_at <= 10 * MINUTE:
                    return
                began, _ = self.lives.pop()
                self.contested_since = now
                start = self._newest(start)
            elif gap < MINUTE:
                began, _ = self.lives.pop()
            else:
                began = max(began, self.closed_through)
        self.firing, self.starts_at, self.changed_at = True, start, now
        self.only_end_seen = False
        self.lives.append((began, None))

    def _fires_on(self, start: datetime | None, now: datetime) -> None:
        known = self.starts_at
        if self.contested_since is not None and (
            now - self.contested_since > 10 * MINUTE
            or (
                start is not None
                and self.closed_through is not None
                and start > self.closed_through
            )
        ):
            self.contested_since = None
            self.starts_at = self._newest(start)
        elif start is None or known is None or start >= known:
            self.starts_at = start or known

    def _is_about_earlier(self, start: datetime | None, ended: datetime) -> bool:
        if self.contested_since is not None and self.closed_through is not None:
            if self.starts_at is None:
                return False
            begins_before = start is not None and start < self.starts_at
            return ended < self.starts_at - (0 if begins_before else 5) * MINUTE
        if self.closed_through is not None and ended <= self.closed_through:
            return True
        return self.starts_at is not None and ended < self.starts_at - 5 * MINUTE

    def _newest(self, start: datetime | None) -> datetime | None:
        return max((time for time in (start, self.starts_at) if time is not None), default=None)

    def resolves(self, start: datetime | None, end: datetime | None, now: datetime) -> None:
        ended = end or now
        if self.firing:
            if self._is_about_earlier(start, ended):
                return
            if self.contested_since is not None:
                ended = max(ended, self.closed_through or ended)
            began, _ = self.lives.pop()
            ended = ended if ended >= began else max(now, began)
        elif not self.lives or (start is not None and start > (self.closed_through or start)):
            began = start or ended
            ended = max(began, ended)
            self.only_end_seen = True
        else:
            return
        self.lives.append((began, ended))
        self.firing, self.closed_through, self.changed_at = False, ended, now
        self.contested_since = None
        self.starts_at = self._newest(start)

    def apply(self, report: "Report", now: datetime) -> None:
        if report.status == "firing":
            self.fires(report.start, now)
        else:
            self.resolves(report.start, report.end, now)


@dataclass(frozen=True)
class Report:
    name: str
    status: str
    start: datetime | None
    end: datetime | None

    def event_time(self) -> datetime:
        begin = self.start or datetime.min.replace(tzinfo=UTC)
        if self.status == "firing":
            return begin
        return max(self.end, begin) if self.end is not None else begin

    def as_alert(self, prefix: str) -> Json:
        return make_alert(
            f"{prefix}-{self.name}",
            status=self.status,
            starts_at=self.start or ZERO_TIME,
            ends_at=self.end or ZERO_TIME,
        )


# Around the windows of the rules: half a minute, the skew, the late window, and well beyond.
OFFSETS = st.sampled_from([-90, -30, -11, -6, -5, -4, -1, -0.5, 0, 0.5, 1, 2])
TIMES = st.none() | OFFSETS.map(lambda minutes: BASE + minutes * MINUTE)
REPORTS = st.builds(
    Report,
    name=st.sampled_from("abc"),
    status=st.sampled_from(["firing", "resolved"]),
    start=TIMES,
    end=TIMES,
)
DELIVERIES = st.tuples(
    st.lists(REPORTS, min_size=1, max_size=4), st.sampled_from([0, 0.5, 5, 10, 11])
)
# An example is a dozen transactions; the database need not be empty, every example has own names.
thorough = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


# An end came with a start after it; the next episode began earlier, and only its end is seen.
LATE_START = [
    ([Report("a", "firing", BASE - 90 * MINUTE, None)], 0),
    ([Report("a", "resolved", BASE - 11 * MINUTE, BASE - 31 * MINUTE)], 0),
    ([Report("a", "resolved", BASE - 30 * MINUTE, BASE)], 0),
]


@given(st.lists(DELIVERIES, min_size=1, max_size=12))
@example(LATE_START)
@thorough
async def test_any_history_leaves_what_the_model_says(
    intake: Intake, history: list[tuple[list[Report], float]]
) -> None:
    prefix, now = f"example-{next(_examples)}", BASE + 2 * MINUTE
    models: dict[str, Model] = {}
    for reports, minutes in history:
        now += minutes * MINUTE
        result = await intake.deliver(*(report.as_alert(prefix) for report in reports), now=now)
        _tell(models, reports, now)

        assert result.accepted == len(reports)
        for name, model in models.items():
            await _assert_agrees(intake, f"{prefix}-{name}", model)
    appearances = sum(len(reports) for reports, _ in history)
    assert sum(model.times_seen for model in models.values()) == appearances


def _tell(models: dict[str, Model], reports: list[Report], now: datetime) -> None:
    """Of one alert several times in one delivery, the later event (or place) is its report."""
    for name in {report.name for report in reports}:
        model = models.setdefault(name, Model())
        same = [report for report in reports if report.name == name]
        model.times_seen += len(same)
        *_, last = sorted(same, key=Report.event_time)
        model.apply(last, now)


async def _assert_agrees(intake: Intake, fingerprint: str, model: Model) -> None:
    alert = await intake.alert(fingerprint)
    lives = [(episode.opened_at, episode.closed_at) for episode in reversed(alert.episodes)]
    assert lives == model.lives
    assert alert.status == ("firing" if model.firing else "resolved")
    assert alert.contested_since == model.contested_since
    assert alert.times_seen == model.times_seen
    assert alert.starts_at == model.starts_at
    assert (alert.ends_at is None) == model.firing
    # What must hold whatever the rules say:
    assert [closed for _, closed in lives].count(None) == (1 if model.firing else 0)
    assert all(closed is None or opened <= closed for opened, closed in lives)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(lives) if before[1])


LIFE = (BASE - 30 * MINUTE, BASE)
ONE_LIFE = [Report("a", "firing", LIFE[0], None), Report("a", "resolved", *LIFE)]


@given(
    st.lists(st.sampled_from(ONE_LIFE), min_size=2, max_size=6).filter(
        lambda reports: ONE_LIFE[1] in reports
    )
)
@thorough
async def test_the_reports_of_one_life_are_one_episode_in_any_order(
    intake: Intake, reports: list[Report]
) -> None:
    prefix = f"example-{next(_examples)}"
    now = BASE
    for report in reports:
        now += MINUTE  # all of them within the late window
        await intake.deliver(report.as_alert(prefix), now=now)

    # Only what fires after an end that followed a firing report contradicts it.
    contested = reports[0].status == reports[-1].status == "firing"
    alert = await intake.alert(f"{prefix}-a")
    end = None if contested else LIFE[1]
    assert [(one.opened_at, one.closed_at) for one in alert.episodes] == [(LIFE[0], end)]
    assert alert.status == ("firing" if contested else "resolved")
    assert (alert.contested_since is not None) == contested
    assert (alert.starts_at, alert.ends_at) == (LIFE[0], end)
    assert alert.times_seen == len(reports)
