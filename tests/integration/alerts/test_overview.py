"""What the console's first page asks: groups, counts that include what is hidden, newest first."""

from datetime import UTC, datetime, timedelta

import pytest

from backend.alerts import service
from backend.alerts.schemas import AlertFilter, AlertStatus, FiringOverview
from tests.support.alertmanager import Json, make_alert
from tests.support.intake import Intake

NOW = datetime(2026, 11, 24, 3, 14, 7, tzinfo=UTC)


def firing(number: int, *, minutes: int = 0, **labels: str) -> Json:
    return make_alert(
        f"{number:016x}",
        starts_at=NOW - timedelta(minutes=minutes),
        labels={"alertname": f"Alert{number}", **labels},
    )


async def overview(intake: Intake, filters: AlertFilter | None = None) -> FiringOverview:
    async with intake.database.read_sessions() as session:
        return await service.firing_overview(session, filters or AlertFilter())


async def test_a_group_shows_its_newest_alerts_and_counts_them_all(intake: Intake) -> None:
    alerts = [firing(n, minutes=n, service="shop", severity="critical") for n in range(30)]
    await intake.deliver(*alerts, now=NOW)
    (group,) = (await overview(intake)).groups
    assert group.firing == 30
    assert group.oldest_starts_at == NOW - timedelta(minutes=29)
    shown = [alert.labels["alertname"] for alert in group.alerts]
    assert shown == [f"Alert{n}" for n in range(service.MAX_ALERTS_IN_GROUP)]


async def test_severities_count_the_alerts_of_hidden_groups_too(intake: Intake) -> None:
    many = service.MAX_GROUPS + 5
    await intake.deliver(
        *(firing(n, service=f"service-{n}", severity="info") for n in range(many)),
        firing(900, service="shop", severity="critical"),
        firing(901),
        now=NOW,
    )
    found = await overview(intake)
    assert found.firing == many + 2
    assert found.hidden_groups == 7
    assert [(item.severity, item.firing) for item in found.severities] == [
        ("critical", 1),
        ("info", many),
        (None, 1),
    ]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"service": ""}, {"Alert2", "Alert3"}),
        ({"severity": ""}, {"Alert1", "Alert3"}),
        ({"service": "", "severity": ""}, {"Alert3"}),
        ({"service": "shop", "severity": ""}, {"Alert1"}),
    ],
)
async def test_an_empty_filter_asks_for_alerts_without_the_label(
    intake: Intake, asked: dict[str, str], found: set[str]
) -> None:
    await intake.deliver(
        firing(0, service="shop", severity="info"),
        firing(1, service="shop"),
        firing(2, severity="info"),
        firing(3, service=""),
        now=NOW,
    )
    filters = AlertFilter(**asked, status=AlertStatus.FIRING)
    async with intake.database.read_sessions() as session:
        page = await service.list_alerts(session, filters, limit=10, cursor=None)
    assert {alert.labels["alertname"] for alert in page.items} == found
    assert (await overview(intake, filters)).firing == len(found)
