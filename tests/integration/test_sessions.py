"""One request, one transaction: a 2xx means committed, anything else left nothing."""

import asyncio

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.app import create_app
from backend.db.base import utc_now
from backend.db.session import ReadSessionDep, SessionDep
from backend.errors import NotFound
from backend.integrations.models import Integration
from backend.settings import Settings
from tests.support.asgi import call
from tests.support.http import client_of
from tests.support.logs import Logged

# Holds back its complaint until COMMIT, as a deferred foreign key does.
FAIL_AT_COMMIT = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'not at this time' USING ERRCODE = '{code}';
END $$;
CREATE CONSTRAINT TRIGGER refuse_at_commit AFTER INSERT ON integration
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse();
"""


def integration(slug: str) -> Integration:
    return Integration(slug=slug, name=slug, alertmanagers=[], created_at=utc_now())


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    """The application with operations that behave as real ones might."""
    app = create_app(settings)

    @app.post("/stored")
    async def stored(session: SessionDep) -> str:
        session.add(integration("stored"))
        await session.flush()
        return "done"

    @app.post("/refused")
    async def refused(session: SessionDep) -> str:
        session.add(integration("refused"))
        await session.flush()
        raise NotFound

    @app.post("/broken")
    async def broken(session: SessionDep) -> str:
        session.add(integration("broken"))
        await session.flush()
        raise RuntimeError

    @app.get("/isolation")
    async def isolation(session: ReadSessionDep) -> bool:
        first = await (await session.connection()).scalar(text("SELECT pg_current_xact_id()::text"))
        again = await (await session.connection()).scalar(text("SELECT pg_current_xact_id()::text"))
        return bool(first != again)

    return app


async def slugs(session: AsyncSession) -> set[str]:
    return set((await session.exec(select(Integration.slug))).all())


async def test_what_is_answered_2xx_is_committed(app: FastAPI, session: AsyncSession) -> None:
    async with client_of(app) as client:
        answer = await client.post("/stored")
        # Asked while the application still runs, so nothing at its end can have committed it.
        assert answer.status_code == 200
        assert "stored" in await slugs(session)


@pytest.mark.parametrize(
    ("code", "status", "problem"),
    [("23514", 500, "internal_error"), ("40001", 503, "database_unavailable"),
     ("57P01", 503, "database_unavailable")],
)  # fmt: skip
async def test_a_failed_commit_is_not_answered_with_success(
    scratch_settings: Settings, code: str, status: int, problem: str
) -> None:
    app = create_app(scratch_settings)

    @app.post("/stored")
    async def stored(session: SessionDep) -> str:
        session.add(integration("stored"))
        return "done"

    async with app.state.database.engine.connect() as connection:
        raw = (await connection.get_raw_connection()).driver_connection
        await raw.execute(FAIL_AT_COMMIT.format(code=code))

    async with client_of(app) as client:
        answer = await client.post("/stored")

        assert answer.status_code == status
        assert answer.json()["code"] == problem
        async with app.state.database.read_sessions() as session:
            assert "stored" not in await slugs(session)


@pytest.mark.parametrize(("path", "status"), [("/refused", 404), ("/broken", 500)])
async def test_what_is_answered_with_an_error_has_left_nothing(
    app: FastAPI, session: AsyncSession, path: str, status: int
) -> None:
    async with client_of(app) as client:
        answer = await client.post(path)

    assert answer.status_code == status
    assert await slugs(session) == {"default"}


async def test_reads_open_no_transaction(app: FastAPI) -> None:
    async with client_of(app) as client:
        assert (await client.get("/isolation")).json() is True


async def test_of_many_equal_requests_at_once_one_creates_and_the_others_conflict(
    app: FastAPI, admin_token: str, session: AsyncSession
) -> None:
    new = {"slug": "cluster-a", "name": "A"}
    async with client_of(app, token=admin_token) as client:
        requests = [client.post("/api/v1/integrations", json=new) for _ in range(30)]
        answers = await asyncio.gather(*requests)

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 29
    assert await slugs(session) == {"default", "cluster-a"}


async def test_more_requests_than_connections_wait_their_turn(settings: Settings) -> None:
    """A request holds one connection at a time, or a full pool would wait for itself."""
    app = create_app(settings.model_copy(update={"database_pool_size": 1}))
    async with client_of(app) as client:
        answers = await asyncio.gather(*(client.get("/ready") for _ in range(20)))

    assert {answer.status_code for answer in answers} == {200}


async def test_a_client_that_leaves_in_the_middle_leaves_the_pool_whole(
    settings: Settings, logged: Logged
) -> None:
    app = create_app(settings.model_copy(update={"database_pool_size": 1}))

    @app.get("/slow")
    async def slow(session: SessionDep) -> str:
        await (await session.connection()).execute(text("SELECT pg_sleep(20)"))
        return "done"

    request = asyncio.create_task(call(app, "GET", "/slow"))
    await asyncio.sleep(0.2)
    request.cancel()
    await asyncio.wait([request])

    assert (await call(app, "GET", "/ready")).status == 200, logged.text()
    await app.state.database.engine.dispose()
