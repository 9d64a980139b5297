import asyncio
import os
import signal
import stat
import subprocess
from pathlib import Path

import asyncpg
import pytest

from local.environment import STATE_MARKER
from tests.support.local_platform import Platform, launch, running


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_first_start_ends_ready_with_a_token_that_has_all_rights(
    shared_platform: Platform,
) -> None:
    assert len(shared_platform.processes()) > 5
    with shared_platform.client() as client:
        assert client.get("/ready").status_code == 200
        assert client.get("/api/v1/integrations").status_code == 200
        refused = client.get("/api/v1/integrations", headers={"Authorization": "Bearer other"})
        assert refused.status_code == 401


def test_only_the_owner_reads_the_state(shared_platform: Platform) -> None:
    assert mode(shared_platform.state) == 0o700
    assert mode(shared_platform.state / "admin-token") == 0o600
    assert mode(shared_platform.state / "session-key") == 0o600


def test_no_secret_is_in_an_argument_or_a_log(shared_platform: Platform) -> None:
    token = shared_platform.token
    for process in shared_platform.processes():
        assert token not in " ".join(process.cmdline())
    for log in (shared_platform.state / "logs").iterdir():
        assert token not in log.read_text()
    assert token not in shared_platform.output


def test_a_second_start_keeps_the_data_and_ends_what_the_first_left(
    used_state: Path, environment: dict[str, str]
) -> None:
    token = (used_state / "admin-token").read_text()
    orphan = subprocess.Popen(["/bin/sleep", "300"], env={STATE_MARKER: str(used_state)})
    with running(used_state, environment=environment) as second, second.client() as client:
        assert f"ended sleep ({orphan.pid})" in second.output
        assert second.token == token
        slugs = {item["slug"] for item in client.get("/api/v1/integrations").json()["items"]}
        assert {"default", "kept"} <= slugs
    assert orphan.wait(5) == -signal.SIGTERM


def test_the_database_is_durable_private_and_not_owned_by_a_superuser(
    shared_platform: Platform,
) -> None:
    async def settings() -> dict[str, str]:
        connection = await asyncpg.connect(
            host=str(shared_platform.state / "run"), user="backend", database="backend"
        )
        try:
            names = ("fsync", "synchronous_commit", "full_page_writes", "listen_addresses")
            found = {name: await connection.fetchval(f"SHOW {name}") for name in names}
            query = "SELECT rolsuper::text FROM pg_roles WHERE rolname = current_user"
            return found | {"superuser": await connection.fetchval(query)}
        finally:
            await connection.close()

    assert asyncio.run(settings()) == {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "listen_addresses": "",
        "superuser": "false",
    }
    assert mode(shared_platform.state / "run") == 0o700


def test_a_directory_may_be_too_long_for_a_socket(
    directory: Path, environment: dict[str, str]
) -> None:
    state = directory / ("ø" * 60) / "state"
    state.parent.mkdir()
    with running(state, environment=environment) as platform, platform.client() as client:
        assert client.get("/ready").status_code == 200


def test_settings_of_the_caller_reach_the_backend(
    used_state: Path, environment: dict[str, str]
) -> None:
    platform = launch(used_state, environment=environment | {"BACKEND_LOG_LEVEL": "shout"})
    assert platform.wait_until_ended() == 1
    assert "BACKEND_LOG_LEVEL" in platform.output
    assert platform.processes() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: an ordinary user keeps their own id")
def test_as_root_postgresql_runs_as_someone_else_below_a_directory_only_root_enters(
    shared_platform: Platform,
) -> None:
    assert mode(shared_platform.state.parent) == 0o700
    (server,) = [
        process
        for process in shared_platform.processes()
        if str(shared_platform.state / "postgres") in process.cmdline()
    ]
    assert 0 not in server.uids()


def test_a_directory_with_other_files_is_refused(
    directory: Path, environment: dict[str, str]
) -> None:
    state = directory / "home"
    state.mkdir(mode=0o755)
    (state / "letter.txt").touch()
    platform = launch(state, environment=environment)
    assert platform.wait_until_ended() == 1
    assert f"{state} holds other files" in platform.output
    assert mode(state) == 0o755


def test_data_of_another_major_version_is_refused(
    used_state: Path, environment: dict[str, str]
) -> None:
    version = used_state / "postgres" / "PG_VERSION"
    version.write_text("17\n")
    platform = launch(used_state, environment=environment)
    assert platform.wait_until_ended() == 1
    version.write_text("18\n")
    assert "belongs to PostgreSQL 17, but this is 18" in platform.output
