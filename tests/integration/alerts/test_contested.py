"""An end that a later report contradicts, and alerts that no report will end."""

from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from backend.alerts import closing
from backend.alerts.schemas import AlertDetail
from backend.jobs.periodic import JobContext
from backend.settings import Settings
from tests.support.alertmanager import make_alert
from tests.support.intake import Intake

START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
END = START + HOUR
FIRING = make_alert("f", starts_at=START)
RESOLVED = make_alert("f", status="resolved", starts_at=START, ends_at=END)


def ends(alert: AlertDetail) -> list[tuple[datetime | None, str | None]]:
    return [(episode.closed_at, episode.resolved_by) for episode in alert.episodes]


async def contest(intake: Intake) -> AlertDetail:
    """Alertmanager says that the alert has ended; ten minutes later it notifies that it fires."""
    await intake.deliver(FIRING, now=START)
    await intake.deliver(RESOLVED, now=END)
    await intake.deliver(FIRING, now=END + 10 * MINUTE)
    return await intake.alert("f")


async def test_a_firing_report_after_the_end_goes_on_with_the_episode(intake: Intake) -> None:
    await intake.deliver(FIRING, now=START)
    first = (await intake.alert("f")).episodes[0].id

    alert = await contest(intake)

    assert (alert.status, alert.contested_since) == ("firing", END + 10 * MINUTE)
    assert [episode.id for episode in alert.episodes] == [first]
    assert (alert.episodes[0].closed_at, alert.ends_at) == (None, None)


@pytest.mark.parametrize(
    ("report", "status"), [(FIRING, "firing"), (RESOLVED, "resolved")], ids=["firing", "resolved"]
)
async def test_the_next_notification_settles_it(
    intake: Intake, report: object, status: str
) -> None:
    await contest(intake)

    await intake.deliver(report, now=END + 4 * HOUR)

    alert = await intake.alert("f")
    assert (alert.status, alert.contested_since, len(alert.episodes)) == (status, None, 1)
    assert ends(alert) == [(None, None) if status == "firing" else (END, "alertmanager")]


async def run_at(
    now: datetime, intake: Intake, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closing, "utc_now", lambda: now)
    await closing.run(JobContext(intake.database, settings))


async def test_it_expires_when_nothing_settles_it(
    intake: Intake, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    contested = await contest(intake)
    assert contested.contested_since is not None
    due = contested.contested_since + 12 * HOUR

    await run_at(due, intake, settings, monkeypatch)
    before = await intake.alert("f")
    await run_at(due + MINUTE, intake, settings, monkeypatch)
    after = await intake.alert("f")

    assert before == contested
    assert (after.status, after.contested_since, after.ends_at) == ("resolved", None, END)
    assert ends(after) == [(END, "expired")]
    assert await intake.rows("open_episode") == []
    assert (await intake.rows("episode"))[0].labels == after.labels


async def test_an_alert_of_which_only_the_end_was_seen_is_not_contested_by_its_beginning(
    intake: Intake,
) -> None:
    await intake.deliver(RESOLVED, now=END)
    await intake.deliver(FIRING, now=END + 10 * MINUTE)

    alert = await intake.alert("f")
    assert (alert.status, alert.contested_since, alert.times_seen) == ("resolved", None, 2)


async def test_revoking_an_integration_ends_its_alerts(
    client: httpx2.AsyncClient, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(closing, "BATCH_ROWS", 2)
    await client.post("/api/v1/integrations", json={"slug": "old", "name": "Old"})
    await intake.deliver(FIRING, now=START)
    group = [make_alert(f"old-{number}", starts_at=START) for number in range(5)]
    await intake.deliver(*group, now=START, integration="old")

    revoked = await client.post("/api/v1/integrations/old/revoke")
    again = await client.post("/api/v1/integrations/old/revoke")

    assert (revoked.status_code, again.json()) == (200, revoked.json())
    ended = datetime.fromisoformat(revoked.json()["revoked_at"])
    for number in range(5):
        alert = await intake.alert(f"old-{number}", integration="old")
        assert (alert.status, ends(alert)) == ("resolved", [(ended, "revoked")])
    assert (await intake.alert("f")).status == "firing"


async def test_what_was_under_way_while_its_integration_was_revoked_ends_too(
    client: httpx2.AsyncClient,
    intake: Intake,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await client.post("/api/v1/integrations", json={"slug": "old", "name": "Old"})
    await client.post("/api/v1/integrations/old/revoke")
    now = datetime.now(UTC)
    await intake.deliver(make_alert("f", starts_at=now + MINUTE), now=now, integration="old")

    await run_at(now, intake, settings, monkeypatch)

    alert = await intake.alert("f", integration="old")
    assert (alert.status, ends(alert)) == ("resolved", [(now + MINUTE, "revoked")])
