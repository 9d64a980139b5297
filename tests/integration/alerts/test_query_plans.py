"""Every list and page is answered by an index, on tables of a realistic shape."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncEngine

from backend.alerts import overview, sql
from backend.alerts.lists import departed, episodes, queries, walk
from backend.alerts.lists.conditions import walk_of
from backend.alerts.schemas import AlertFilter, AlertSort, AlertStatus, EpisodeFilter
from backend.console.rows import SHOWN
from backend.db.engine import create_engine
from backend.settings import Settings
from tests.support.queries import recorded_queries

# Fixed: a plan depends on how much of the day its partition holds already.
_NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)

# 20,000 alerts of which 400 fire, 200 services of very different size, two integrations.
_FILL = """
CREATE TABLE delivery_p20260115 PARTITION OF delivery
    FOR VALUES FROM ('2026-01-15 00:00Z') TO ('2026-01-16 00:00Z');
INSERT INTO integration (slug, name, alertmanagers, created_at) VALUES ('b', 'b', '{}', now());
INSERT INTO alert (integration_id, fingerprint, status, labels, annotations, alertname, service,
    severity, starts_at, ends_at, closed_through, status_changed_at, first_seen_at, last_seen_at,
    times_seen)
SELECT 1 + (n % 50 = 0)::int, md5(n::text), CASE WHEN n % 50 = 0 THEN 'firing' ELSE 'resolved' END,
    jsonb_build_object('alertname', 'A' || n % 30, 'pod', 'pod-' || n, 'severity',
        CASE n % 3 WHEN 0 THEN 'critical' ELSE 'warning' END), '{}', 'A' || n % 30,
    'service-' || floor(sqrt(n % 40000)), CASE n % 3 WHEN 0 THEN 'critical' ELSE 'warning' END,
    now(), now(), now(), now() - (n * 7919 % 20000) * interval '1 min', now(), now(), 1
FROM generate_series(1, 20000) AS n;
INSERT INTO open_episode (integration_id, fingerprint, opened_at)
SELECT integration_id, fingerprint, starts_at FROM alert WHERE status = 'firing';
INSERT INTO episode (integration_id, fingerprint, opened_at, closed_at, resolved_by)
SELECT integration_id, fingerprint, now() - id * interval '1 min',
    now() - (id - 7) * interval '1 min', 'alertmanager' FROM alert;
INSERT INTO delivery (integration_id, received_at, group_key, receiver, truncated_alerts,
    body_sha256, body_bytes, accepted, rejected, rejections)
SELECT 1 + n % 2, now() - n * interval '10 s', '', '', 0, '', 0, 100, (n % 1000 = 0)::int,
    CASE WHEN n % 1000 = 0 THEN '[]'::jsonb END
FROM generate_series(1, 20000) AS n;
ANALYZE;
""".replace("now()", f"timestamptz '{_NOW}'")


@dataclass(frozen=True)
class Plan:
    root: dict[str, Any]
    empty_tables: frozenset[str]

    def nodes(self) -> list[dict[str, Any]]:
        found = [self.root]
        for node in found:
            found += node.get("Plans", [])
        return found

    def scanned_whole(self) -> set[str]:
        """Return the tables that are read from end to end, but for tiny and empty ones."""
        scans = (node for node in self.nodes() if node["Node Type"] == "Seq Scan")
        return {node["Relation Name"] for node in scans} - self.empty_tables - {"integration"}

    def indexes(self) -> set[str]:
        return {node["Index Name"] for node in self.nodes() if "Index Name" in node}


@dataclass(frozen=True)
class Planner:
    engine: AsyncEngine
    empty_tables: frozenset[str]

    async def explain(self, statement: str, *arguments: object) -> Plan:
        async with self.engine.begin() as connection:
            explained = await connection.exec_driver_sql(
                f"EXPLAIN (FORMAT JSON) {statement}", arguments
            )
            found = explained.scalar_one()
        (parsed,) = json.loads(found) if isinstance(found, str) else found
        return Plan(parsed["Plan"], self.empty_tables)

    async def explain_query(self, query: Select[Any]) -> Plan:
        with recorded_queries(self.engine) as sent:
            async with self.engine.connect() as connection:
                await connection.execute(query)
        statement, parameters = sent[-1]
        return await self.explain(statement, *parameters)


@pytest_asyncio.fixture(scope="module")
async def planner(module_settings: Settings) -> AsyncIterator[Planner]:
    engine = create_engine(module_settings)
    async with engine.begin() as connection:
        for statement in filter(str.strip, _FILL.split(";\n")):
            await connection.exec_driver_sql(statement)
        empty = await connection.exec_driver_sql("SELECT relname FROM pg_class WHERE reltuples = 0")
        names = frozenset(empty.scalars())
    yield Planner(engine, names)
    await engine.dispose()


FIRING = AlertFilter(statuses=(AlertStatus.FIRING,))
BY_CHANGE = "ix_alert_status_changed_at_id"
BY_SERVICE = "ix_alert_service_status_changed_at_id"
# Filters and order, and the index that gives the rows in the list's order.
IN_ORDER = {
    "nothing": (AlertFilter(), AlertSort.LAST_CHANGE, BY_CHANGE),
    "firing": (FIRING, AlertSort.LAST_CHANGE, "ix_alert_status_status_changed_at_id"),
    "service": (AlertFilter(services=("service-17",)), AlertSort.LAST_CHANGE, BY_SERVICE),
    "services": (
        AlertFilter(services=("service-17", "service-18")),
        AlertSort.LAST_CHANGE,
        BY_SERVICE,
    ),
    "no service": (AlertFilter(services=("",)), AlertSort.LAST_CHANGE, BY_SERVICE),
    "severity": (
        AlertFilter(severities=("critical",)),
        AlertSort.LAST_CHANGE,
        "ix_alert_severity_status_changed_at_id",
    ),
    "label": (AlertFilter(labels=(("pod", "pod-77"),)), AlertSort.LAST_CHANGE, BY_CHANGE),
    "since": (AlertFilter(since=_NOW), AlertSort.LAST_CHANGE, BY_CHANGE),
    "newest": (FIRING, AlertSort.NEWEST, "pk_alert"),
    "oldest": (AlertFilter(), AlertSort.OLDEST, "pk_alert"),
}


@pytest.mark.parametrize(("filters", "sort", "index"), IN_ORDER.values(), ids=IN_ORDER.keys())
async def test_a_list_reads_one_index_in_its_order(
    planner: Planner, filters: AlertFilter, sort: AlertSort, index: str
) -> None:
    await check_order(planner, filters, sort, index)


async def check_order(planner: Planner, filters: AlertFilter, sort: AlertSort, index: str) -> None:
    list_ = walk_of(filters, sort)
    position = (_NOW, 12_345) if list_.key_count == 2 else (12_345,)
    for after in (None, position):
        for query in (
            walk.window_query(list_, after, 200, 51),
            walk.end_query(list_, after, 200),
        ):
            plan = await planner.explain_query(query)

            assert plan.indexes() - {"uq_integration_slug"} == {index}
            assert plan.scanned_whole() == set()
            assert {node["Node Type"] for node in plan.nodes()}.isdisjoint({"Sort"})


CANDIDATES = {
    "service": (AlertFilter(services=("service-17",)), {BY_SERVICE}),
    "label": (AlertFilter(labels=(("pod", "pod-77"),)), {"ix_alert_labels"}),
    "integration": (
        AlertFilter(integrations=("b",)),
        {"uq_alert_integration_id_fingerprint", "pk_alert"},
    ),
}


@pytest.mark.parametrize(("filters", "indexes"), CANDIDATES.values(), ids=CANDIDATES.keys())
async def test_the_few_that_match_are_found_by_an_index(
    planner: Planner, filters: AlertFilter, indexes: set[str]
) -> None:
    query = walk.candidates_query(walk_of(filters, AlertSort.NEWEST), (12_345,), 51)
    plan = await planner.explain_query(query)

    assert plan.scanned_whole() == set()
    assert plan.indexes() & indexes


async def test_the_episodes_of_a_time_come_from_the_indexes_of_their_beginning(
    planner: Planner,
) -> None:
    list_ = episodes.walk_of(EpisodeFilter(since=_NOW - timedelta(hours=2), until=_NOW))
    for after in (None, (_NOW, 12_345)):
        plan = await planner.explain_query(walk.window_query(list_, after, 51, 51))

        assert plan.scanned_whole() == set()
        assert {"episode_default_opened_at_id_idx", "episode_default_long_idx"} <= plan.indexes()

    gone = await planner.explain_query(departed.newest_query("default", "f"))
    assert gone.scanned_whole() == set()


async def test_one_alerts_episodes_come_from_the_indexes_of_both_tables(planner: Planner) -> None:
    plan = await planner.explain_query(queries.episodes_query(1, "f", limit=100))

    assert plan.scanned_whole() == set()


async def test_the_overview_reads_only_what_fires(planner: Planner) -> None:
    queries = [
        overview.groups_query(AlertFilter(), limit=50),
        overview.severities_query(AlertFilter()),
        overview.members_query(AlertFilter(), [("service-17", "critical")], SHOWN, limit=10),
    ]
    plans = [await planner.explain_query(query) for query in queries]

    assert [plan.scanned_whole() for plan in plans] == [set()] * 3
    assert "ix_alert_status_status_changed_at_id" in plans[0].indexes()


async def test_intake_health_reads_the_last_hour_and_no_more(planner: Planner) -> None:
    plan = await planner.explain_query(overview.health_query(_NOW - timedelta(hours=1)))

    # The newest delivery and the last hour by the primary key, rejections by the partial index.
    endings = ("_pkey", "_integration_id_received_at_idx")
    assert plan.scanned_whole() == set()
    assert all(any(name.endswith(ending) for name in plan.indexes()) for ending in endings)


async def intake_plans(planner: Planner, number: int) -> list[Plan]:
    """Explain the statements that change so many alerts that are there."""
    fingerprints = [f"{place:016x}" for place in range(number)]
    joined, texts = sql.SEPARATOR.join(fingerprints), [sql.SEPARATOR.join(["x"] * number)] * 7
    times, yes = [_NOW] * number, [True] * number
    return [
        await planner.explain(sql.END_EPISODES, 1, _NOW, joined, *[times] * 3),
        await planner.explain(sql.FIRE_ALERTS, 1, _NOW, joined, times, yes, yes),
        await planner.explain(sql.REWRITE_ALERTS, 1, joined, *texts),
        await planner.explain(sql.REOPEN_EPISODES, 1, fingerprints, times, times),
        await planner.explain(sql.SUSPECT_RIVALS, 1, fingerprints, ["x"] * number),
    ]


async def test_the_intake_finds_alerts_and_episodes_by_their_keys(planner: Planner) -> None:
    plans = await intake_plans(planner, 5)

    assert [plan.scanned_whole() for plan in plans] == [set()] * 5


async def test_intake_and_lists_do_so_whatever_the_statistics_say(
    scratch_settings: Settings,
) -> None:
    """An alert storm is faster than autovacuum: a moment ago the tables were nearly empty."""
    engine = create_engine(scratch_settings)
    partition, integration, alerts, open_episodes, *_ = _FILL.split(";\n")
    open_episodes = open_episodes.replace("WHERE status = 'firing'", "")
    async with engine.begin() as connection:
        for statement in (
            partition,
            integration,
            alerts.replace("(1, 20000)", "(0, 0)"),
            open_episodes,
            "ALTER TABLE alert SET (autovacuum_enabled = off)",
            "ALTER TABLE open_episode SET (autovacuum_enabled = off)",
            "ANALYZE alert, open_episode",
            alerts,
            "DELETE FROM open_episode",
            open_episodes,
        ):
            await connection.exec_driver_sql(statement)

    planner = Planner(engine, frozenset())
    for filters, sort, index in IN_ORDER.values():
        await check_order(planner, filters, sort, index)
    close, fire, rewrite, *_ = await intake_plans(planner, 1000)

    for plan in (close, fire, rewrite):
        of_tables = [node for node in plan.nodes() if "Relation Name" in node]
        reads = [node for node in of_tables if node["Node Type"] not in {"ModifyTable", "Tid Scan"}]
        assert reads
        assert all("fingerprint" in node.get("Index Cond", "") for node in reads), reads
    await engine.dispose()
