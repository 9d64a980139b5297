"""The first token: from its file into the database, replaced by the next one, refused if weak."""

import itertools
from pathlib import Path

import pytest
from sqlalchemy import text

from backend.auth.principal import DEFAULT_INTEGRATION, Scope
from backend.auth.repository import find_by_hash
from backend.auth.tokens import hash_token
from backend.bootstrap import TOKENS, BootstrapError, BootstrapToken
from backend.db.base import utc_now
from backend.db.engine import Database, create_engine
from backend.db.session import committed
from backend.integrations.service import rotate
from backend.migrate import migrate
from backend.settings import Settings
from tests.support.factories import make_token

TOKEN = "an-administrators-token-of-some-length"
OTHER = TOKEN[::-1]


async def test_the_first_token_works_and_a_second_run_changes_nothing(
    scratch_settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "admin-token"
    file.write_text(TOKEN + "\n")
    settings = scratch_settings.model_copy(update={"admin_token_file": file})

    await migrate(settings)
    await migrate(settings)

    engine = create_engine(settings)
    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT sha256, scopes FROM token"))
        slugs = await connection.execute(text("SELECT slug FROM integration"))
    assert [tuple(row) for row in rows] == [(hash_token(TOKEN), ["admin"])]
    assert [row.slug for row in slugs] == ["default"]
    await engine.dispose()


@pytest.mark.parametrize("kind", TOKENS, ids=lambda kind: kind.name)
async def test_a_new_token_in_the_file_replaces_the_old_and_may_do_what_it_is_for(
    scratch_settings: Settings, tmp_path: Path, kind: BootstrapToken
) -> None:
    file = tmp_path / "token"
    settings = scratch_settings.model_copy(update={kind.setting: file})
    engine = create_engine(settings)
    valid: list[list[bool]] = []
    for content in (TOKEN, OTHER, TOKEN):
        file.write_text(content)
        await migrate(settings)
        found = [await find_by_hash(engine, hash_token(token)) for token in (TOKEN, OTHER)]
        valid.append([principal is not None for principal in found])

    principal = await find_by_hash(engine, hash_token(TOKEN))
    await engine.dispose()

    assert valid == [[True, False], [False, True], [True, False]], "and going back works"
    assert principal is not None
    assert principal.scopes == {kind.scope}
    delivers = kind.scope in {Scope.ADMIN, Scope.INGEST}
    assert principal.integration_slug == (DEFAULT_INTEGRATION if delivers else None)


@pytest.mark.parametrize("kind", TOKENS, ids=lambda kind: kind.name)
async def test_the_file_replaces_no_token_that_was_made_otherwise(
    scratch_settings: Settings, tmp_path: Path, kind: BootstrapToken
) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    engine = create_engine(scratch_settings)
    await migrate(scratch_settings)
    async with committed(Database.from_engine(engine)) as session:
        made = await make_token(session, kind.scope)
        _, of_integration = await rotate(session, DEFAULT_INTEGRATION, now=utc_now())

    await migrate(scratch_settings.model_copy(update={kind.setting: file}))

    for token in (made, of_integration, TOKEN):
        assert await find_by_hash(engine, hash_token(token)) is not None
    await engine.dispose()


async def test_tokens_of_different_files_do_not_replace_each_other(
    scratch_settings: Settings, tmp_path: Path
) -> None:
    files = {kind.setting: tmp_path / kind.setting for kind in TOKENS}
    for number, file in enumerate(files.values()):
        file.write_text(f"{TOKEN}-{number}")
    settings = scratch_settings.model_copy(update=files)

    await migrate(settings)

    engine = create_engine(settings)
    found = [await find_by_hash(engine, hash_token(f"{TOKEN}-{n}")) for n in range(len(TOKENS))]
    assert [(one.name, sorted(one.scopes)) for one in found if one is not None] == [
        (kind.name, [kind.scope]) for kind in TOKENS
    ]
    await engine.dispose()


async def test_an_administrators_former_token_gives_prometheus_no_rights(
    scratch_settings: Settings, tmp_path: Path
) -> None:
    admin, discovery = tmp_path / "admin-token", tmp_path / "discovery-token"
    admin.write_text(TOKEN)
    settings = scratch_settings.model_copy(update={"admin_token_file": admin})
    await migrate(settings)
    admin.write_text(OTHER)
    discovery.write_text(TOKEN)
    engine = create_engine(settings)

    await migrate(settings.model_copy(update={"discovery_token_file": discovery}))

    assert await find_by_hash(engine, hash_token(TOKEN)) is None
    await engine.dispose()


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(TOKENS, 2)))
async def test_one_token_for_two_is_refused(
    scratch_settings: Settings, tmp_path: Path, one: BootstrapToken, other: BootstrapToken
) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    files = {one.setting: file, other.setting: file}

    with pytest.raises(BootstrapError, match="contain the same token") as caught:
        await migrate(scratch_settings.model_copy(update=files))

    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    "content", [None, "", "short", "with spaces in it and long enough", "é" * 30]
)
async def test_a_token_that_will_not_do_is_refused_with_its_file(
    scratch_settings: Settings, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "admin-token"
    if content is not None:
        file.write_text(content)
    settings = scratch_settings.model_copy(update={"admin_token_file": file})

    with pytest.raises(BootstrapError, match=r"BACKEND_ADMIN_TOKEN_FILE=.*admin-token") as caught:
        await migrate(settings)

    assert not content or content not in str(caught.value)
