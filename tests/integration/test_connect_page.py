"""docs/connect.md: what a reader copies to report alerts of a script reaches a real process."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.settings import Settings
from tests.support.connect_page import snippet
from tests.support.factories import make_integration, make_token
from tests.support.process import API, running
from tests.support.settings import environment_of


@pytest.fixture
def url(settings: Settings) -> Iterator[str]:
    with running(API, environment_of(settings)) as process:
        yield process.base_url()


async def test_every_way_to_report_an_event_works(
    url: str, session: AsyncSession, tmp_path: Path
) -> None:
    _, ingest = await make_integration(session, "scripts")
    reader = await make_token(session)
    await session.commit()
    watched = tmp_path / "watched"
    watched.write_text(snippet("watched NAME COMMAND"))

    def run(*command: str) -> int:
        environment = {"URL": url, "TOKEN": ingest, "PATH": "/usr/bin:/bin"}
        return subprocess.run(command, env=environment, check=False, timeout=60).returncode  # noqa: S603  # the page's own

    def statuses() -> dict[str, str]:
        answer = httpx2.get(
            f"{url}/api/v1/alerts?integration=scripts",
            headers={"Authorization": f"Bearer {reader}"},
        )
        return {item["fingerprint"]: item["status"] for item in answer.json()["items"]}

    assert run("sh", "-c", snippet('"dedup_key": "disk/db-1"')) == 0
    assert run(sys.executable, "-c", snippet("urllib.request")) == 0
    assert run("sh", str(watched), "backup-orders", "false") == 0
    firing = statuses()
    assert run("sh", str(watched), "backup-orders", "true") == 0

    assert firing == dict.fromkeys(["disk/db-1", "import/orders", "cron/backup-orders"], "firing")
    assert statuses()["cron/backup-orders"] == "resolved"
