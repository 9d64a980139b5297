"""GET /api/v1/alerts and one alert: filters, pages, and what a wrong question is answered."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.alerts.lists import queries
from backend.alerts.lists import walk as walking
from tests.support.alertmanager import make_alert, make_group
from tests.support.factories import make_integration
from tests.support.intake import Intake
from tests.support.queries import recorded_statements

ALERTS = "/api/v1/alerts"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


async def fingerprints(client: httpx2.AsyncClient, query: str) -> list[str]:
    response = await client.get(f"{ALERTS}?{query}")
    assert response.status_code == 200, response.text
    return [item["fingerprint"] for item in response.json()["items"]]


async def walk(client: httpx2.AsyncClient, query: str) -> list[str]:
    """Read all pages of a list."""
    found: list[str] = []
    cursor = ""
    while True:
        page = (await client.get(f"{ALERTS}?{query}{cursor}")).json()
        found += [item["fingerprint"] for item in page["items"]]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


async def test_an_alert_is_shown_with_exactly_these_fields(
    client: httpx2.AsyncClient, intake: Intake
) -> None:
    labels = {"alertname": "HighErrorRate", "service": "checkout", "severity": "critical"}
    starts_at = "2026-11-24T11:00:00Z"
    await intake.deliver(
        make_alert("f", labels=labels, annotations={"summary": "!"}, starts_at=starts_at), now=NOW
    )

    (listed,) = (await client.get(ALERTS)).json()["items"]
    read = (await client.get(f"{ALERTS}/default/f")).json()

    expected = {
        "fingerprint": "f",
        "integration": "default",
        "status": "firing",
        "labels": labels,
        "annotations": {"summary": "!"},
        "starts_at": starts_at,
        "ends_at": None,
        "first_seen_at": "2026-11-24T12:00:00Z",
        "last_seen_at": "2026-11-24T12:00:00Z",
        "times_seen": 1,
        "service": "checkout",
        "contested_since": None,
        "links": {
            "source": "http://prometheus.example/graph?g0.expr=up",
            "alertmanager": "http://alertmanager.example",
        },
        "incident": None,
    }
    episode = read.pop("episodes")[0]
    assert listed == expected
    assert read == {**expected, "expression": "up"}
    assert episode == {
        "id": episode["id"],
        "opened_at": starts_at,
        "closed_at": None,
        "resolved_by": None,
    }


async def test_filters_can_be_combined(
    client: httpx2.AsyncClient, session: AsyncSession, intake: Intake
) -> None:
    await make_integration(session, "cluster-a")
    await session.commit()
    shop = {"alertname": "A", "service": "shop", "severity": "critical", "zone": "a=b"}
    await intake.deliver(
        make_alert("1", labels=shop),
        make_alert("2", labels={**shop, "severity": "warning"}),
        make_alert("3", status="resolved", labels=shop),
        make_alert("4", labels={"alertname": "A", "app": "cart", "severity": "critical"}),
        now=NOW,
    )
    await intake.deliver(make_alert("5", labels=shop), now=NOW, integration="cluster-a")
    resolved = make_alert("4", status="resolved", ends_at=NOW, labels={"app": "cart"})
    await intake.deliver(resolved, now=NOW + timedelta(seconds=1))

    cases = {
        "": ["4", "5", "3", "2", "1"],
        "sort=-status_changed_at": ["4", "5", "3", "2", "1"],
        "sort=-first_seen_at": ["5", "4", "3", "2", "1"],
        "sort=first_seen_at": ["1", "2", "3", "4", "5"],
        "sort=first_seen_at&status=resolved": ["3", "4"],
        "since=2026-11-24T12:00:01Z": ["4"],
        "since=2026-11-24T14:00:00%2B02:00": ["4", "5", "3", "2", "1"],
        "since=2026-11-24T12:00:00.5Z&sort=first_seen_at": ["4"],
        "status=firing": ["5", "2", "1"],
        "status=resolved": ["4", "3"],
        "status=suppressed": [],
        "status=suppressed&status=resolved": ["4", "3"],
        "service=shop": ["5", "3", "2", "1"],
        "service=cart": ["4"],
        "service=cart&service=shop&status=resolved": ["4", "3"],
        "service=": [],
        "service=&service=cart": ["4"],
        "severity=warning": ["2"],
        "severity=warning&severity=": ["4", "2"],
        "integration=default": ["4", "3", "2", "1"],
        "integration=default&integration=cluster-a": ["4", "5", "3", "2", "1"],
        "integration=unknown": [],
        "label=zone%3Da%3Db": ["5", "3", "2", "1"],
        "label=zone%3Da%3Db&label=severity%3Dcritical": ["5", "3", "1"],
        "label=severity%3Dcritical&label=severity%3Dwarning": [],
        "label=zone%3D": [],
        "status=firing&service=shop&severity=critical&integration=default": ["1"],
    }
    found = {query: await fingerprints(client, query) for query in cases}
    assert found == cases


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=201", "invalid_request"),
        ("limit=0", "invalid_request"),
        ("status=pending", "invalid_request"),
        ("service=%00", "invalid_request"),
        ("label=a%3D%00", "invalid_request"),
        ("integration=%00", "invalid_request"),
        (f"service={'s' * 256}", "invalid_request"),
        ("label=zone", "invalid_label_filter"),
        ("label=%3Dvalue", "invalid_label_filter"),
        ("since=yesterday", "invalid_request"),
        ("since=1764511200", "invalid_request"),
        ("since=2026-11-24T12:00:00", "invalid_request"),
        ("sort=last_seen_at", "invalid_request"),
        ("&".join(["service=a"] * 33), "invalid_request"),
        ("cursor=nonsense", "invalid_cursor"),
        ("cursor=WzFd", "invalid_cursor"),
        ("cursor=%00", "invalid_cursor"),
    ],
)
async def test_a_wrong_question_is_422(client: httpx2.AsyncClient, query: str, code: str) -> None:
    response = await client.get(f"{ALERTS}?{query}")

    assert (response.status_code, response.json()["code"]) == (422, code)


async def test_the_largest_page_has_200_alerts(client: httpx2.AsyncClient, intake: Intake) -> None:
    await intake.deliver(*make_group(201), now=NOW)

    page = (await client.get(f"{ALERTS}?limit=200")).json()

    assert len(page["items"]) == 200
    assert page["next_cursor"] is not None


@pytest.mark.parametrize("sort", ["", "sort=-first_seen_at"])
@pytest.mark.parametrize("limit", [1, 7, 50])
async def test_a_walk_shows_no_alert_twice_and_each_that_does_not_change(
    client: httpx2.AsyncClient, intake: Intake, limit: int, sort: str
) -> None:
    before = make_group(50)
    await intake.deliver(*before, *(make_alert(f"quiet-{number}") for number in range(20)), now=NOW)

    async def keep_changing() -> None:
        for number in range(8):
            hour = timedelta(hours=number)
            status = "resolved" if number % 2 else "firing"
            group = make_group(60 + number, status=status, starts_at=NOW + hour, ends_at=NOW + hour)
            await intake.deliver(*group, now=NOW + hour)

    found, _ = await asyncio.gather(walk(client, f"limit={limit}&{sort}"), keep_changing())

    assert len(found) == len(set(found))
    unchanged = {f"quiet-{number}" for number in range(20)}
    assert (unchanged if sort == "" else {alert["fingerprint"] for alert in before}) <= set(found)


async def test_a_cursor_belongs_to_the_filters_of_its_list(
    client: httpx2.AsyncClient, intake: Intake
) -> None:
    await intake.deliver(*make_group(3), now=NOW)
    first = await client.get(f"{ALERTS}?status=firing&limit=2")
    cursor = first.json()["next_cursor"]

    same = await client.get(f"{ALERTS}?status=firing&limit=1&cursor={cursor}")

    assert [item["fingerprint"] for item in same.json()["items"]] == [f"{0:016x}"]
    for query in ("status=resolved", "status=firing&sort=first_seen_at", ""):
        other = await client.get(f"{ALERTS}?{query}&limit=2&cursor={cursor}")
        assert (other.status_code, other.json()["code"]) == (422, "invalid_cursor")


async def test_a_list_whose_filter_no_index_serves_is_complete_and_never_read_whole(
    client: httpx2.AsyncClient, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a million alerts: few match, too many to sort, and among the last of the list."""
    monkeypatch.setattr(walking, "FIRST_ROWS_EACH", 1)
    monkeypatch.setattr(walking, "MAX_ROWS", 5)
    await intake.deliver(*make_group(60), now=NOW)
    query = "limit=3&label=severity%3Dcritical"
    expected = [f"{number:016x}" for number in range(50, -1, -10)]
    sorted_ = await walk(client, query)
    monkeypatch.setattr(walking, "MAX_CANDIDATES", 1)
    in_parts = await walk(client, query)
    first = (await client.get(f"{ALERTS}?{query}")).json()

    assert sorted_ == in_parts == expected
    assert first["items"] == []
    assert first["next_cursor"]


@pytest.mark.parametrize("rest", [1, 0], ids=["enough are near", "the others are far"])
async def test_a_page_is_read_as_far_as_its_first_rows_promise(
    client: httpx2.AsyncClient, intake: Intake, monkeypatch: pytest.MonkeyPatch, rest: int
) -> None:
    """One of the first three matches, so eighteen should hold two more."""
    monkeypatch.setattr(walking, "FIRST_ROWS_EACH", 1)
    monkeypatch.setattr(walking, "MAX_CANDIDATES", 0)
    monkeypatch.setattr(walking, "MAX_ROWS", 19)
    matching = {29, 25, 20} if rest else {29, 9, 4}
    for number in range(30):
        labels = {"tier": "web" if number in matching else "other"}
        alert = make_alert(f"{number:02}", labels=labels)
        await intake.deliver(alert, now=NOW + timedelta(seconds=number))
    page = (await client.get(f"{ALERTS}?limit=2&label=tier%3Dweb")).json()

    assert [item["fingerprint"] for item in page["items"]] == (["29", "25"] if rest else ["29"])
    assert page["next_cursor"]
    walked = await walk(client, "limit=2&label=tier%3Dweb")
    assert walked == [f"{number:02}" for number in sorted(matching, reverse=True)]


async def test_a_page_of_large_alerts_ends_early_and_cuts_annotations(
    client: httpx2.AsyncClient, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MAX_PAGE_BYTES", 5000)
    texts = {"long": "ä" * 60_000, "whole": "x" * 1024}
    await intake.deliver(*(make_alert(f"{n}", annotations=texts) for n in range(5)), now=NOW)

    first = (await client.get(ALERTS)).json()
    whole = (await client.get(f"{ALERTS}/default/1")).json()
    walked = await walk(client, "sort=first_seen_at")
    monkeypatch.setattr(queries, "MAX_PAGE_BYTES", 1)
    one_by_one = await walk(client, "sort=first_seen_at")

    assert first["items"][0]["annotations"] == {**texts, "long": "ä" * 1023 + "…"}
    assert [item["fingerprint"] for item in first["items"]] == ["4"]
    assert whole["annotations"] == texts
    assert walked == one_by_one == ["0", "1", "2", "3", "4"]


async def test_the_number_of_statements_does_not_grow_with_the_page(
    app: FastAPI, client: httpx2.AsyncClient, intake: Intake
) -> None:
    await intake.deliver(*make_group(60), now=NOW)
    app_engine = app.state.database.engine

    counts = {}
    for path in (
        "?limit=1",
        "?limit=50&status=firing&label=namespace%3Dshop",
        f"/default/{0:016x}",
    ):
        with recorded_statements(app_engine) as statements:
            assert (await client.get(ALERTS + path)).status_code == 200
        counts[path] = len([statement for statement in statements if "alert" in statement])

    assert list(counts.values()) == [2, 2, 1]


@pytest.mark.parametrize("query", ["q=needle", "filter=pod%3D~%22need.*%22"])
async def test_no_alert_is_skipped_while_others_leave_the_list(
    client: httpx2.AsyncClient, intake: Intake, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    """The needle is the eleventh behind a step of ten, and the tenth when its end is found."""
    pods = ["end", "needle", *["hay"] * 11]
    group = [make_alert(f"{place:02}", labels={"pod": pod}) for place, pod in enumerate(pods)]
    await intake.deliver(*group, now=NOW)
    find_end = walking._end

    async def find_end_late(*asked: Any) -> Any:
        await intake.deliver({**group.pop(), "status": "resolved"}, now=NOW)
        return await find_end(*asked)

    monkeypatch.setattr(walking, "MAX_ROWS", 10)
    monkeypatch.setattr(walking, "_end", find_end_late)

    assert await walk(client, f"status=firing&limit=1&{query}") == ["01"]


async def test_episodes_of_an_alert_are_bounded_and_the_newest_first(
    client: httpx2.AsyncClient, intake: Intake
) -> None:
    hour = timedelta(hours=1)
    for number in range(51):
        start = NOW + 2 * number * hour
        await intake.deliver(make_alert("f", starts_at=start), now=start)
        await intake.deliver(
            make_alert("f", status="resolved", starts_at=start, ends_at=start + hour),
            now=start + hour,
        )
    async with intake.database.engine.begin() as connection:
        await connection.exec_driver_sql(
            "INSERT INTO episode (integration_id, fingerprint, opened_at, closed_at, resolved_by)"
            " SELECT integration_id, fingerprint, opened_at - interval '1 year',"
            " closed_at - interval '1 year', resolved_by FROM episode"
        )
    last = NOW + 102 * hour
    await intake.deliver(make_alert("f", starts_at=last), now=last)

    episodes = (await client.get(f"{ALERTS}/default/f")).json()["episodes"]

    opened = [episode["opened_at"] for episode in episodes]
    assert len(episodes) == 100
    assert episodes[0]["closed_at"] is None
    assert opened == sorted(opened, reverse=True)


@pytest.mark.parametrize("path", ["default/nobody", "nowhere/f", "default/f%00", "default/f/more"])
async def test_an_alert_that_is_not_there_is_a_clear_4xx(
    client: httpx2.AsyncClient, intake: Intake, path: str
) -> None:
    await intake.deliver(make_alert("f"), now=NOW)

    response = await client.get(f"{ALERTS}/{path}")

    assert response.status_code in (404, 422)
    assert response.json()["code"] in ("alert_not_found", "invalid_request")
