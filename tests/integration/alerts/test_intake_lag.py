"""How late changes arrive: seen once for each delivery that reports one, and never for repeats."""

from datetime import UTC, datetime, timedelta

from prometheus_client import REGISTRY

from tests.support.alertmanager import make_alert
from tests.support.intake import Intake

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Lag:
    """What was observed since this was made."""

    def __init__(self) -> None:
        self._count, self._sum = self._read()

    def seen(self) -> tuple[float, float]:
        count, total = self._read()
        return count - self._count, round(total - self._sum, 3)

    def _read(self) -> tuple[float, float]:
        name = "backend_intake_lag_seconds"
        values = [REGISTRY.get_sample_value(f"{name}_{part}") for part in ("count", "sum")]
        return values[0] or 0.0, values[1] or 0.0


async def test_the_oldest_start_counts_and_repeats_do_not(intake: Intake) -> None:
    lag = Lag()
    young, old = NOW - 20 * SECOND, NOW - 90 * SECOND

    for _ in range(3):
        await intake.deliver(
            make_alert("a", starts_at=young), make_alert("b", starts_at=old), now=NOW
        )

    assert lag.seen() == (1, 90)


async def test_of_an_end_its_own_time_counts(intake: Intake) -> None:
    began = NOW - 3600 * SECOND
    await intake.deliver(make_alert("a", starts_at=began), now=NOW)
    lag = Lag()

    resolved = make_alert("a", status="resolved", starts_at=began, ends_at=NOW + 10 * SECOND)
    await intake.deliver(resolved, now=NOW + 40 * SECOND)
    unseen = make_alert("b", status="resolved", starts_at=began, ends_at=NOW + 30 * SECOND)
    await intake.deliver(unseen, now=NOW + 40 * SECOND)

    assert lag.seen() == (2, 30 + 10)


async def test_a_clock_that_is_ahead_makes_no_negative_lag(intake: Intake) -> None:
    lag = Lag()

    await intake.deliver(make_alert("a", starts_at=NOW + 60 * SECOND), now=NOW)

    assert lag.seen() == (1, 0)
