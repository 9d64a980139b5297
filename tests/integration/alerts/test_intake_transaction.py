"""One delivery is one transaction of few statements, and nothing counts before it is committed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from prometheus_client import REGISTRY
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.alerts import sql
from backend.alerts.intake.ingest import ingest
from backend.db.engine import Database
from tests.support.alertmanager import make_alert, make_group, make_message
from tests.support.intake import Intake
from tests.support.queries import recorded_statements

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


async def deliver(session: AsyncSession, *alerts: object, **message: Any) -> None:
    await ingest(session, 1, orjson.dumps(make_message(*alerts, **message)), NOW)


async def test_a_delivery_that_is_rolled_back_leaves_nothing(
    session: AsyncSession, intake: Intake
) -> None:
    # The very first statement of a session is the one that a driver would commit by itself.
    await deliver(session, make_alert("f"), make_alert("g", status="resolved"))
    await session.rollback()

    tables = ("alert", "open_episode", "episode", "delivery")
    assert [await intake.rows(table) for table in tables] == [[], [], [], []]


@pytest.mark.parametrize(("alerts", "chunks"), [(1, 1), (1000, 1), (3500, 4)])
async def test_repeats_cost_one_statement_for_each_thousand(
    database: Database, intake: Intake, alerts: int, chunks: int
) -> None:
    group = make_group(alerts)
    await intake.deliver(*group, now=NOW)

    async with database.sessions() as session:
        with recorded_statements(database.engine) as statements:
            await deliver(session, *group)
        await session.commit()

    assert statements == [sql.UPSERT_AND_RECORD] + [sql.UPSERT_ALERTS] * (chunks - 1)


async def test_every_kind_of_change_is_one_statement_whatever_the_number_of_alerts(
    database: Database, intake: Intake
) -> None:
    hour = timedelta(hours=1)
    old = make_group(300, starts_at=NOW - hour)
    await intake.deliver(*old, now=NOW)
    changed = [
        *make_group(100, status="resolved", starts_at=NOW - hour, ends_at=NOW),
        *make_group(400, starts_at=NOW - hour)[300:],
        *make_group(500, status="resolved", starts_at=NOW - hour, ends_at=NOW)[400:],
        *(alert | {"annotations": {}} for alert in make_group(200, starts_at=NOW - hour)[100:]),
    ]

    async with database.sessions() as session:
        with recorded_statements(database.engine) as statements:
            await deliver(session, *changed)
        await session.commit()

    assert statements == [
        sql.UPSERT_AND_RECORD,
        sql.REWRITE_ALERTS,
        sql.OPEN_EPISODES,
        sql.END_EPISODES,
        sql.FIRE_ALERTS,
    ]
    assert len(await intake.rows("open_episode")) == 300
    assert len(await intake.rows("episode")) == 200


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_metrics_count_what_was_committed_and_nothing_else(session: AsyncSession) -> None:
    def seen() -> tuple[float, ...]:
        return (
            sample("backend_deliveries_total", outcome="stored"),
            sample("backend_alerts_accepted_total"),
            sample("backend_alerts_rejected_total", code="not_an_object"),
            sample("backend_episodes_opened_total"),
            sample("backend_episodes_closed_total"),
            sample("backend_alerts_truncated_total"),
        )

    before = seen()
    await deliver(session, make_alert("f"), 7)
    await session.rollback()
    assert seen() == before

    both = make_alert("f"), make_alert("g", status="resolved")
    await deliver(session, *both, 7, truncatedAlerts=4)
    assert seen() == before
    await session.commit()
    assert [now - then for now, then in zip(seen(), before, strict=True)] == [1, 2, 1, 1, 1, 4]
