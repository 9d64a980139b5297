"""An end that a later report contradicts, and alerts that no report will end."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from backend.alerts import closing
from backend.alerts.pruning import prune_resolved
from backend.alerts.schemas import AlertDetail
from backend.jobs.periodic import JobContext
from backend.settings import Settings
from tests.support.alertmanager import make_alert, make_message
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
    for job in closing.JOBS:
        await job.run(JobContext(intake.database, settings))


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


async def test_a_repeat_that_arrives_during_the_revocation_loses_no_episode(
    client: httpx2.AsyncClient, intake: Intake
) -> None:
    """PostgreSQL looks again at a row that has just changed, and it is in another place then."""
    await client.post("/api/v1/integrations", json={"slug": "old", "name": "Old"})
    alerts = [make_alert(name, starts_at=START) for name in ("a", "b")]
    await intake.deliver(*alerts, now=START, integration="old")
    async with intake.database.engine.begin() as connection:
        await connection.exec_driver_sql(_SLOW_FUNCTION)
        await connection.exec_driver_sql(_SLOW_TRIGGER)
    try:
        revoking = asyncio.create_task(client.post("/api/v1/integrations/old/revoke"))
        await asyncio.sleep(0.5)
        await intake.deliver(alerts[1], now=START + MINUTE, integration="old")
        await revoking
    finally:
        async with intake.database.engine.begin() as connection:
            await connection.exec_driver_sql("DROP FUNCTION slow CASCADE")

    statuses = [(await intake.alert(name, integration="old")).status for name in ("a", "b")]
    closed = len(await intake.rows("episode"))
    assert (statuses, closed) in [
        (["resolved", "resolved"], 2),
        (["resolved", "firing"], 1),  # the delivery came last: the worker closes it
    ]
    assert len(await intake.rows("open_episode")) == 2 - closed


# Deleting the first of the two episodes takes a second.
_SLOW_FUNCTION = """
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF OLD.fingerprint = 'a' THEN PERFORM pg_sleep(1); END IF; RETURN OLD; END $$
"""
_SLOW_TRIGGER = """
CREATE TRIGGER slow BEFORE DELETE ON open_episode FOR EACH ROW EXECUTE FUNCTION slow()
"""


async def test_an_alert_that_retention_forgot_may_be_told_its_history_again(
    intake: Intake,
) -> None:
    """Two of its episodes end at the same time then, and one of them continues."""
    later = END + timedelta(days=40)
    await intake.deliver(RESOLVED, now=END)
    await prune_resolved(intake.database, before=later)
    await intake.deliver(RESOLVED, now=later)

    await intake.deliver(FIRING, now=later + 11 * MINUTE)

    alert = await intake.alert("f")
    assert (alert.status, ends(alert)) == ("firing", [(None, None), (END, "alertmanager")])


async def test_an_earlier_life_that_ends_again_does_not_settle_it(intake: Intake) -> None:
    again, end_again = START + 2 * HOUR, START + 3 * HOUR
    await intake.deliver(FIRING, now=START)
    await intake.deliver(RESOLVED, now=END)
    await intake.deliver(make_alert("f", starts_at=again), now=again)
    second = make_alert("f", status="resolved", starts_at=again, ends_at=end_again)
    await intake.deliver(second, now=end_again)
    await intake.deliver(make_alert("f", starts_at=again), now=end_again + 10 * MINUTE)

    await intake.deliver(RESOLVED, now=end_again + HOUR)

    assert (await intake.alert("f")).contested_since == end_again + 10 * MINUTE


async def test_a_contest_begins_afresh_after_a_release_that_knows_none(
    intake: Intake, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await contest(intake)
    await intake.deliver(RESOLVED, now=END + HOUR)
    async with intake.database.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE alert SET contested_since = status_changed_at")

    await intake.deliver(FIRING, now=END + 24 * HOUR)
    await run_at(END + 24 * HOUR + MINUTE, intake, settings, monkeypatch)

    alert = await intake.alert("f")
    assert (alert.status, alert.contested_since) == ("firing", END + 24 * HOUR)


async def test_nobody_delivers_for_a_revoked_default_integration(
    client: httpx2.AsyncClient,
) -> None:
    await client.post("/api/v1/integrations/default/revoke")

    refused = await client.post("/api/v1/webhooks/alertmanager", json=make_message(FIRING))

    assert (refused.status_code, refused.json()["code"]) == (403, "not_for_ingest")
