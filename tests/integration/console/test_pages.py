"""Headers, addresses and statuses of the pages; what they show is the browser's to see."""

import re
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from backend.app import create_app
from backend.db.base import utc_now
from backend.db.engine import Database
from backend.settings import Settings, SettingsError
from tests.support.alertmanager import make_alert
from tests.support.http import client_of
from tests.support.intake import Intake
from tests.support.queries import recorded_statements

ASSET = re.compile(r'(?:href|src)="(/static/[^"]+)"')


async def test_every_answer_forbids_what_no_page_needs(
    reader: httpx2.AsyncClient, app: FastAPI
) -> None:
    async with client_of(app) as stranger:
        answers = [
            await reader.get("/"),
            await reader.get("/alerts/default/unknown"),
            await reader.get("/?status=burning"),
            await stranger.get("/"),
            await stranger.get("/sign-in"),
            await stranger.post("/sign-in", data={"token": "without the form's own token"}),
        ]
    assert [answer.status_code for answer in answers] == [200, 404, 422, 303, 200, 403]
    for answer in answers:
        policy = dict(
            directive.split(" ", 1)
            for directive in answer.headers["content-security-policy"].split("; ")
        )
        assert policy.pop("default-src") == "'none'"
        assert policy.pop("base-uri") == policy.pop("frame-ancestors") == "'none'"
        assert set(policy.values()) == {"'self'"}
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
        assert "set-cookie" not in answer.headers or "HttpOnly" in answer.headers["set-cookie"]


async def test_pages_have_no_inline_script_or_style(reader: httpx2.AsyncClient) -> None:
    for path in ("/", "/sign-in", "/alerts/default/unknown"):
        html = (await reader.get(path)).text
        assert re.findall(r"<script(?![^>]*\bsrc=)", html) == []
        assert re.findall(r"<style|\sstyle=|\son\w+=", html) == []


async def test_static_files_are_kept_for_ever_under_their_own_address(
    stranger: httpx2.AsyncClient,
) -> None:
    page = (await stranger.get("/sign-in")).text
    paths = ASSET.findall(page)
    assert len(paths) == 3
    for path in paths:
        answer = await stranger.get(path)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        unchanged = await stranger.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert unchanged.status_code == 304
        assert unchanged.content == b""


async def test_the_file_of_another_release_is_served_but_not_kept(
    stranger: httpx2.AsyncClient,
) -> None:
    """While a release rolls out, a page of one pod asks another pod for its files."""
    answer = await stranger.get("/static/0123456789ab/console.css")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"
    for path in ("/static/0123456789ab/none.css", "/static/0123456789ab/..%2fsession.py"):
        assert (await stranger.get(path)).status_code == 404


async def test_strangers_come_back_to_where_they_were(stranger: httpx2.AsyncClient) -> None:
    answer = await stranger.get("/alerts/default/a%2Fb%3Fc?x=%26y")
    assert answer.status_code == 303
    query = httpx2.URL(answer.headers["location"]).params
    assert query["next"] == "/alerts/default/a/b%3Fc?x=%26y"


async def test_addresses_are_tidied(reader: httpx2.AsyncClient) -> None:
    untidy = "/?status=firing&service=&severity=critical&integration=&label=a%3Db&label="
    answer = await reader.get(untidy)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/?severity=critical&label=a%3Db"
    assert (await reader.get(answer.headers["location"])).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/?service=%00",
        "/?label=%00%3Da",
        "/?cursor=%00",
        "/?severity=%00&service=a",
        "/alerts/default/%00",
        "/alerts/%00/f1",
        "/alerts/" + "x" * 100 + "/f1",
        "/?integration=" + "x" * 5000,
        "/?label=" + "a%3Db&label=" * 100,
    ],
)
async def test_nonsense_is_the_callers_mistake(reader: httpx2.AsyncClient, path: str) -> None:
    answer = await reader.get(path)
    assert answer.status_code in {200, 303, 404, 422}
    assert answer.headers.get("content-type", "text/html").startswith("text/html")


async def test_without_a_key_the_console_is_off_and_says_how_to_turn_it_on(
    settings: Settings,
) -> None:
    async with client_of(create_app(settings)) as client:
        for path in ("/", "/sign-in"):
            answer = await client.get(path)
            assert answer.status_code == 503
            assert "BACKEND_SESSION_KEY_FILE" in answer.text
        assert (await client.get("/health")).status_code == 200


@pytest.mark.parametrize(("content", "words"), [(None, "No such file"), ("short", "needs 32")])
def test_a_bad_key_stops_the_start(
    settings: Settings, tmp_path: Path, content: str | None, words: str
) -> None:
    key = tmp_path / "key"
    if content is not None:
        key.write_text(content)
    with pytest.raises(SettingsError, match=f"BACKEND_SESSION_KEY_FILE.*{words}"):
        create_app(settings.model_copy(update={"session_key_file": key}))


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/", 5),
        ("/?service=shop&severity=critical", 8),
        ("/?status=resolved", 4),
        ("/alerts/default/00000000000000aa", 4),
    ],
)
async def test_a_page_costs_a_fixed_number_of_queries(
    reader: httpx2.AsyncClient, app: FastAPI, database: Database, path: str, most: int
) -> None:
    labels = {"alertname": "Down", "service": "shop", "severity": "critical"}
    intake = Intake(database)
    alerts = [make_alert(f"{number:016x}", labels=labels) for number in (0xAA, 0xAB, 0xAC)]
    await intake.deliver(*alerts, now=utc_now())
    resolved = make_alert("00000000000000ff", status="resolved", labels=labels)
    await intake.deliver(resolved, now=utc_now())

    with recorded_statements(app.state.database.engine) as statements:
        assert (await reader.get(path)).status_code == 200
    assert 0 < len(statements) <= most, statements


async def test_an_alerts_page_leads_to_its_source(
    reader: httpx2.AsyncClient, database: Database
) -> None:
    sent = {
        "f": "https://prometheus.example/graph?g0.expr=a%3E1",
        "l": "http://localhost:9090/graph?g0.expr=a%3E1",
        "h": "javascript:alert('a>1')//?g0.expr=a%3E1",
    }
    alerts = [make_alert(name, generatorURL=address) for name, address in sent.items()]
    await Intake(database).deliver(*alerts, now=utc_now(), externalURL="")

    for name, address in sent.items():
        page = (await reader.get(f"/alerts/default/{name}")).text
        link = f'<a href="{address}" rel="noopener noreferrer external">'
        assert (link in page, "only on the machine" in page) == (name != "h", name == "l")
        assert "<bdi>a&gt;1</bdi>" in page
        assert "javascript:" not in page


async def test_the_intake_panel_says_what_alertmanager_left_out(
    reader: httpx2.AsyncClient, database: Database
) -> None:
    for truncated, shown in ((0, False), (1234, True)):
        await Intake(database).deliver(make_alert(), now=utc_now(), truncatedAlerts=truncated)
        page = (await reader.get("/")).text
        assert ("1,234 left out by Alertmanager" in page) == shown


async def test_the_intake_panel_names_an_integration_that_two_clusters_share(
    reader: httpx2.AsyncClient, database: Database
) -> None:
    now = utc_now()
    for minutes, host in ((20, "new"), (90, "<b>old"), (20, "new")):
        assert "two clusters share" not in (await reader.get("/")).text
        start = now - timedelta(minutes=minutes)
        alert = make_alert(starts_at=start, generatorURL=f"http://{host}/graph")
        await Intake(database).deliver(alert, now=now)
    page = (await reader.get("/")).text
    assert "two clusters share this integration: <bdi>new and &lt;b&gt;old</bdi>" in page
