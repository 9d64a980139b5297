"""What the console's first page asks for: firing alerts in groups, and the intake's health."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.alerts import service
from backend.alerts.errors import MalformedJson
from backend.alerts.intake.ingest import record_refusal
from backend.alerts.schemas import AlertFilter, AlertStatus, FiringOverview, IntakeHealth
from backend.console.rows import SHOWN
from backend.db.engine import Database
from backend.integrations import service as integrations
from tests.support.alertmanager import Json, make_alert, make_group
from tests.support.factories import make_integration
from tests.support.intake import Intake
from tests.support.queries import recorded_statements

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def alert(fingerprint: str, app: str | None, severity: str | None, **rest: Any) -> Json:
    labels = {"alertname": "A", "service": app, "severity": severity}
    given = {name: value for name, value in labels.items() if value is not None}
    return make_alert(fingerprint, labels=given, **rest)


async def firing(database: Database, **filters: Any) -> FiringOverview:
    async with database.read_sessions() as session:
        return await service.firing_overview(session, AlertFilter(**filters), SHOWN)


async def health(database: Database, now: datetime = NOW) -> dict[str, IntakeHealth]:
    async with database.read_sessions() as session:
        return {row.integration: row for row in await service.intake_health(session, now=now)}


async def test_firing_alerts_are_grouped_the_worst_and_largest_first(
    database: Database, intake: Intake
) -> None:
    await intake.deliver(
        alert("1", "cart", "warning"),
        alert("2", "shop", "critical", starts_at="2026-11-24T11:00:00Z"),
        alert("3", "shop", "critical", starts_at="2026-11-24T10:00:00Z"),
        alert("4", "cart", "critical"),
        alert("5", None, None),
        alert("6", "cart", "sev7"),
        alert("7", "cart", "critical", status="resolved"),
        now=NOW,
    )

    found = await firing(database)

    assert [(group.service, group.severity, group.firing) for group in found.groups] == [
        ("shop", "critical", 2),
        ("cart", "critical", 1),
        ("cart", "warning", 1),
        ("cart", "sev7", 1),
        (None, None, 1),
    ]
    assert (found.firing, found.hidden_groups) == (6, 0)
    assert found.groups[0].oldest_starts_at == datetime(2026, 11, 24, 10, tzinfo=UTC)
    assert [[item.fingerprint for item in group.alerts] for group in found.groups] == [
        ["2", "3"],
        ["4"],
        ["1"],
        ["6"],
        ["5"],
    ]


async def test_the_overview_can_be_filtered_and_is_empty_when_nothing_fires(
    database: Database, intake: Intake
) -> None:
    assert await firing(database) == FiringOverview(
        firing=0, severities=[], hidden_groups=0, groups=[]
    )
    await intake.deliver(alert("1", "cart", "warning"), alert("2", "shop", "critical"), now=NOW)

    found = await firing(database, services=("cart",), statuses=("resolved",))

    assert [group.service for group in found.groups] == ["cart"]
    assert found.firing == 1


async def test_the_overview_reads_no_more_than_it_shows(database: Database, intake: Intake) -> None:
    labels = {"alertname": "A", "pod": "p" * 2000, "zone": "z"}
    texts = {"summary": "s", "runbook": "r" * 60_000}
    await intake.deliver(make_alert("1", labels=labels, annotations=texts), now=NOW)

    (read,) = (await firing(database)).groups[0].alerts

    assert read.labels == {"alertname": "A", "pod": "p" * 1023 + "…"}
    assert read.annotations == {"summary": "s"}


async def test_a_storm_shows_the_newest_of_each_group_and_counts_what_is_hidden(
    database: Database, intake: Intake
) -> None:
    storm = [
        alert(f"{n:04d}", f"service-{n % 60:02d}", "critical", starts_at=NOW - n * SECOND)
        for n in range(900)
    ]
    await intake.deliver(*storm, alert("5", None, None), now=NOW)

    with recorded_statements(database.engine) as statements:
        found = await firing(database)

    assert (found.firing, found.hidden_groups, len(found.groups)) == (901, 11, 50)
    assert [(item.severity, item.firing) for item in found.severities] == [
        ("critical", 900),
        (None, 1),
    ]
    assert {(group.firing, len(group.alerts)) for group in found.groups} == {(15, 10)}
    first = found.groups[0]
    assert [item.fingerprint for item in first.alerts] == [f"{n:04d}" for n in range(0, 600, 60)]
    assert first.oldest_starts_at == NOW - 840 * SECOND
    assert len(statements) == 3


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"services": ("",)}, {"2", "3"}),
        ({"severities": ("",)}, {"1", "3"}),
        ({"services": ("",), "severities": ("",)}, {"3"}),
        ({"services": ("shop",), "severities": ("",)}, {"1"}),
        ({"services": ("shop", ""), "severities": ("", "info")}, {"0", "1", "2", "3"}),
    ],
)
async def test_an_empty_filter_asks_for_alerts_without_the_label(
    database: Database, intake: Intake, asked: dict[str, Any], found: set[str]
) -> None:
    await intake.deliver(
        alert("0", "shop", "info"),
        alert("1", "shop", None),
        alert("2", None, "info"),
        alert("3", "", None),
        now=NOW,
    )

    filters = AlertFilter(**asked, statuses=(AlertStatus.FIRING,))
    async with database.read_sessions() as session:
        page = await service.list_alerts(session, filters, limit=10, cursor=None)

    assert {item.fingerprint for item in page.items} == found
    assert (await firing(database, **asked)).firing == len(found)


async def test_health_counts_the_last_hour_and_remembers_the_last_rejection(
    database: Database, intake: Intake, session: AsyncSession
) -> None:
    await make_integration(session, "silent")
    await make_integration(session, "revoked")
    await integrations.revoke(session, "revoked", now=NOW)
    await session.commit()
    await intake.deliver(make_alert("a", labels={"x": []}), 5, now=NOW - 3 * HOUR)
    await intake.deliver(*make_group(10), now=NOW - HOUR / 2, truncatedAlerts=7)
    await intake.deliver(*make_group(3), now=NOW, truncatedAlerts=2)
    refused_at = NOW + HOUR / 4
    await record_refusal(session, 1, b"no", MalformedJson(), refused_at)
    await session.commit()

    earlier = (await health(database))["default"]
    later = await health(database, now=refused_at)

    assert (earlier.deliveries, earlier.accepted, earlier.rejected) == (3, 13, 0)
    assert (earlier.truncated, later["silent"].truncated) == (9, 0)
    assert later.keys() == {"default", "silent"}
    default, silent = later["default"], later["silent"]
    assert (default.last_delivery_at, default.refused_deliveries) == (refused_at, 1)
    assert default.last_rejection is not None
    assert default.last_rejection.model_dump() == {
        "at": refused_at,
        "code": "malformed_json",
        "detail": "The body is not valid JSON.",
        "index": None,
    }
    assert (silent.last_delivery_at, silent.deliveries, silent.last_rejection) == (None, 0, None)


async def test_the_last_rejection_names_the_alert_and_the_reason(
    database: Database, intake: Intake
) -> None:
    await intake.deliver(make_alert("a"), make_alert("b", labels={"x": []}), now=NOW - 5 * HOUR)
    await intake.deliver(make_alert("a"), now=NOW)

    rejection = (await health(database))["default"].last_rejection

    assert rejection is not None
    assert (rejection.at, rejection.index, rejection.code) == (NOW - 5 * HOUR, 1, "invalid_labels")
