import asyncio
import os
import shutil
import stat
import time
from pathlib import Path

import asyncpg
import psutil
import pytest

from tests.support.local_platform import Platform, launch, running


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_first_start_ends_ready_with_a_token_that_has_all_rights(
    shared_platform: Platform,
) -> None:
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


@pytest.mark.alone
def test_a_second_start_keeps_the_data_and_takes_less_than_ten_seconds(
    state: Path, environment: dict[str, str]
) -> None:
    with running(state, environment=environment) as first, first.client() as client:
        made = client.post("/api/v1/integrations", json={"slug": "kept", "name": "Kept"})
        assert made.status_code == 201
        token = first.token
    started = time.monotonic()
    with running(state, environment=environment) as second, second.client() as client:
        assert time.monotonic() - started < 10
        assert second.token == token
        slugs = {item["slug"] for item in client.get("/api/v1/integrations").json()["items"]}
        assert {"default", "kept"} <= slugs


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


@pytest.mark.parametrize("name", ["with space", "ø" * 60, 'quote"and,comma'])
def test_any_directory_name_will_do(
    directory: Path, environment: dict[str, str], name: str
) -> None:
    state = directory / name / "state"
    state.parent.mkdir()
    with running(state, environment=environment) as platform, platform.client() as client:
        assert client.get("/ready").status_code == 200


def test_settings_of_the_caller_reach_the_backend(state: Path, environment: dict[str, str]) -> None:
    wrong = environment | {"BACKEND_LOG_LEVEL": "shout"}
    platform = launch(state, environment=wrong)
    assert platform.wait_until_ended() == 1
    assert "BACKEND_LOG_LEVEL" in platform.output
    assert platform.processes() == []


def test_settings_of_another_deployment_do_not(state: Path, environment: dict[str, str]) -> None:
    foreign = environment | {
        "BACKEND_DATABASE_HOST": "production.example.org",
        "BACKEND_DATABASE_SSLMODE": "require",
        "BACKEND_DATABASE_PASSWORD_FILE": "/nonexistent",
        "PGHOST": "production.example.org",
        "PGSSLMODE": "require",
    }
    with running(state, environment=foreign) as platform, platform.client() as client:
        assert client.get("/ready").status_code == 200


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


def test_data_of_another_major_version_is_refused(state: Path, environment: dict[str, str]) -> None:
    with running(state, environment=environment):
        pass
    (state / "postgres" / "PG_VERSION").write_text("17\n")
    platform = launch(state, environment=environment)
    assert platform.wait_until_ended() == 1
    assert "belongs to PostgreSQL 17, but this is 18" in platform.output


def test_a_cluster_that_was_cut_short_is_made_again(
    state: Path, environment: dict[str, str]
) -> None:
    unfinished = state / "postgres.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    (state / "lock").touch()
    if os.geteuid() == 0:
        shutil.chown(unfinished, "nobody")
    with running(state, environment=environment) as platform, platform.client() as client:
        assert client.get("/ready").status_code == 200
        assert not unfinished.exists()


def test_nothing_is_left_of_the_test_processes(shared_platform: Platform) -> None:
    """Guards the helper itself: a test that sees no process proves nothing about a clean stop."""
    names = {psutil.Process(process.pid).name() for process in shared_platform.processes()}
    assert "postgres" in names
    assert len(shared_platform.processes()) > 5
