"""GET /api/v1/episodes: which episodes overlapped a time, and their export."""

import asyncio
import csv
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import httpx2
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from backend.alerts.lists import episodes, export
from backend.alerts.schemas import EpisodeFilter
from tests.support.alertmanager import make_alert, make_group
from tests.support.intake import Intake

EPISODES = "/api/v1/episodes"
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def history(intake: Intake) -> None:
    """Open at 10 and closed at 12 (a), open since 11 (b), and from three days ago until 13 (c)."""
    labels = {"alertname": "A", "service": "shop", "severity": "page", "pod": "p"}
    await intake.deliver(
        make_alert("a", labels=labels, starts_at=NOON - 2 * HOUR),
        make_alert("b", labels={"alertname": "B"}, starts_at=NOON - HOUR),
        make_alert("c", labels={**labels, "alertname": "C"}, starts_at=NOON - 72 * HOUR),
        now=NOON - HOUR,
    )
    for name, end in (("a", NOON), ("c", NOON + HOUR)):
        own = {**labels, "alertname": name.upper()}
        closing = make_alert(name, labels=own, status="resolved", ends_at=end)
        await intake.deliver(closing, now=end)


async def walk(client: httpx2.AsyncClient, query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        response = await client.get(f"{EPISODES}?{query}{cursor}")
        assert response.status_code == 200, response.text
        page = response.json()
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


CASES = {
    "": "bac",
    "limit=1": "bac",
    "since=2026-11-24T12:30:00Z": "bc",
    "since=2026-11-24T12:00:00Z": "bac",
    "since=2026-11-24T13:30:00Z": "b",
    "until=2026-11-24T10:30:00Z": "ac",
    "until=2026-11-24T10:00:00Z": "c",
    "since=2026-11-22T00:00:00Z&until=2026-11-23T00:00:00Z": "c",
    "since=2026-11-24T12:30:00Z&until=2026-11-24T12:40:00Z": "bc",
    "until=2026-11-01T00:00:00Z": "",
    "since=0001-01-01T00:00:00%2B14:00&until=9999-12-31T23:59:59-12:00": "bac",
    "service=shop": "ac",
    "service=&service=cart": "b",
    "severity=page&alertname=C&alertname=B": "c",
    "alertname=A&alertname=B": "ba",
    "integration=default": "bac",
    "integration=other": "",
    "label=pod%3Dp": "ac",
    "filter=alertname%3D~%22A|B%22": "ba",
    "filter=pod%3D~%22p.*%22&filter=alertname!%3DA": "c",
    "filter=pod!~%22p.*%22": "b",
}


async def test_episodes_that_overlap_a_time_are_listed_and_filtered(
    client: httpx2.AsyncClient, intake: Intake
) -> None:
    await history(intake)

    found = {
        query: "".join(item["fingerprint"] for item in await walk(client, query)) for query in CASES
    }

    assert found == CASES
    _, closed, _ = await walk(client, "")
    assert closed == {
        "id": closed["id"],
        "integration": "default",
        "fingerprint": "a",
        "alertname": "A",
        "service": "shop",
        "severity": "page",
        "labels": {"alertname": "A", "service": "shop", "severity": "page", "pod": "p"},
        "opened_at": "2026-11-24T10:00:00Z",
        "closed_at": "2026-11-24T12:00:00Z",
        "resolved_by": "alertmanager",
    }


async def test_labels_of_an_earlier_release_are_those_of_the_alert_while_it_is_there(
    client: httpx2.AsyncClient, intake: Intake
) -> None:
    await history(intake)
    async with intake.database.engine.begin() as connection:
        await connection.execute(text("UPDATE episode SET labels = NULL"))
        await connection.execute(text("DELETE FROM alert WHERE fingerprint = 'c'"))

    _, with_alert, without = await walk(client, "")

    assert with_alert["labels"]["pod"] == "p"
    assert (without["fingerprint"], without["alertname"], without["labels"]) == ("c", "C", None)
    assert [item["fingerprint"] for item in await walk(client, "label=pod%3Dp")] == ["a"]


HOURS = st.integers(-60, 60).map(lambda hours: NOON + hours * HOUR)
TIMES = st.tuples(HOURS, HOURS | st.none())


@given(
    st.lists(TIMES, max_size=12, unique_by=lambda times: times[0]),
    HOURS | st.none(),
    HOURS | st.none(),
)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
async def test_a_walk_finds_exactly_what_overlaps(
    intake: Intake,
    times: Sequence[tuple[datetime, datetime | None]],
    since: datetime | None,
    until: datetime | None,
) -> None:
    known = [
        (f"{number}", *(sorted([one, other]) if other else (one, None)))
        for number, (one, other) in enumerate(times)
    ]
    async with intake.database.engine.begin() as connection:
        await connection.execute(text("DELETE FROM episode"))
        await connection.execute(text("DELETE FROM open_episode"))
        for fingerprint, opened_at, closed_at in known:
            row = {"fingerprint": fingerprint, "opened_at": opened_at, "closed_at": closed_at}
            await connection.execute(text(CLOSED if closed_at else OPEN), row)
    filters = EpisodeFilter(since=since, until=until)
    found, cursor = [], None
    async with intake.database.read_sessions() as session:
        while True:
            page = await episodes.list_episodes(session, filters, limit=5, cursor=cursor)
            found += [item.fingerprint for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break

    assert sorted(found) == sorted(
        fingerprint
        for fingerprint, opened_at, closed_at in known
        if (until is None or opened_at < until)
        and (since is None or closed_at is None or closed_at >= since)
    )


OPEN = """INSERT INTO open_episode (integration_id, fingerprint, opened_at)
SELECT id, :fingerprint, CAST(:opened_at AS timestamptz) FROM integration
WHERE CAST(:closed_at AS timestamptz) IS NULL"""
CLOSED = """INSERT INTO episode (integration_id, fingerprint, opened_at, closed_at, resolved_by)
SELECT id, :fingerprint, CAST(:opened_at AS timestamptz), CAST(:closed_at AS timestamptz), 'person'
FROM integration"""


async def test_an_episode_that_closes_during_a_walk_is_shown_once(
    client: httpx2.AsyncClient, intake: Intake
) -> None:
    group = make_group(30, starts_at=NOON)
    await intake.deliver(*group, now=NOON)

    async def close() -> None:
        for alert in group:
            closing = {**alert, "status": "resolved", "endsAt": "2026-11-24T13:00:00Z"}
            await intake.deliver(closing, now=NOON + HOUR)

    found, _ = await asyncio.gather(walk(client, "limit=3"), close())

    shown = [item["fingerprint"] for item in found]
    assert sorted(shown) == [f"{number:016x}" for number in range(30)]


async def test_an_export_is_whole_and_its_cells_are_no_formulas(
    client: httpx2.AsyncClient, intake: Intake
) -> None:
    labels = {"alertname": "=1+1", "service": "@a", "severity": 'x"y,\nz'}
    await intake.deliver(make_alert("-f", labels=labels, starts_at=NOON), now=NOON)

    as_csv = await client.get(EPISODES, headers={"Accept": "text/csv"})
    as_lines = await client.get(f"{EPISODES}?format=jsonl")
    alerts = await client.get("/api/v1/alerts?format=csv")
    listed = (await client.get(EPISODES)).json()["items"]

    assert as_csv.headers["content-type"] == "text/csv; charset=utf-8"
    (row,) = csv.DictReader(StringIO(as_csv.text, newline=""))
    assert row == {
        "id": str(listed[0]["id"]),
        "integration": "default",
        "fingerprint": "'-f",
        "alertname": "'=1+1",
        "service": "'@a",
        "severity": 'x"y,\nz',
        "labels": row["labels"],
        "opened_at": "2026-11-24T12:00:00Z",
        "closed_at": "",
        "resolved_by": "",
        "next_cursor": "",
    }
    assert orjson.loads(row["labels"]) == labels
    assert as_lines.headers["content-type"] == "application/x-ndjson"
    assert [orjson.loads(line) for line in as_lines.text.splitlines()] == listed
    assert alerts.text.splitlines()[0].startswith("fingerprint,integration,status,labels,")


@pytest.mark.parametrize(
    "first", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
)
async def test_no_cell_of_an_export_begins_a_formula(
    client: httpx2.AsyncClient, intake: Intake, first: str
) -> None:
    await intake.deliver(make_alert("f", labels={"service": f"{first}1+1"}), now=NOON)

    exported = await client.get(f"{EPISODES}?format=csv")

    (row,) = csv.DictReader(StringIO(exported.text, newline=""))
    assert row["service"] == f"'{first}1+1"


async def test_an_export_ends_with_what_goes_on(
    client: httpx2.AsyncClient, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MAX_ROWS", 4)
    monkeypatch.setattr(export, "ROWS_EACH", 2)
    await intake.deliver(*make_group(7), now=NOON)

    parts: list[list[str]] = []
    cursor: str | None = ""
    while cursor is not None:
        lines = (await client.get(f"{EPISODES}?format=jsonl{cursor}")).text.splitlines()
        rows = [orjson.loads(line) for line in lines]
        assert all("next_cursor" not in row for row in rows[:-1])
        parts.append([row["fingerprint"][-1] for row in rows])
        next_cursor = rows[-1].get("next_cursor")
        cursor = next_cursor and f"&cursor={next_cursor}"

    assert parts == [["6", "5", "4", "3"], ["2", "1", "0"]]
    monkeypatch.setattr(export, "MAX_SECONDS", -1)
    out_of_time = (await client.get(f"{EPISODES}?format=csv")).text.splitlines()
    assert len(out_of_time) == 3
    assert out_of_time[-1].rpartition(",")[2]
