"""The rows that a new installation starts with: the integration `default` and the first tokens."""

from pathlib import Path

from backend.auth.principal import Scope
from backend.auth.service import keep_one_token
from backend.db.base import utc_now
from backend.db.engine import Database
from backend.db.session import committed
from backend.integrations.service import ensure_default
from backend.settings import PREFIX, Settings

# A token with all rights must not be guessable: 22 characters of base64 are 128 bits.
MIN_TOKEN_CHARACTERS = 22


# They name the tokens that came from the files, and no others.
ADMIN = "bootstrap-admin"
INGEST = "bootstrap-ingest"


class BootstrapError(Exception):
    """The first token cannot be made known; the text says what to do."""


async def ensure(database: Database, settings: Settings) -> None:
    """Insert what is missing, and commit."""
    now = utc_now()
    async with committed(database) as session:
        default = await ensure_default(session, now=now)
        admin = read_token(settings.admin_token_file, "ADMIN_TOKEN_FILE")
        ingest = read_token(settings.ingest_token_file, "INGEST_TOKEN_FILE")
        if admin is not None and admin == ingest:
            raise BootstrapError(
                f"{PREFIX}ADMIN_TOKEN_FILE and {PREFIX}INGEST_TOKEN_FILE hold the same token:"
                " who may only deliver would have all rights. Write another one."
            )
        if admin is not None:
            await keep_one_token(session, admin, name=ADMIN, scope=Scope.ADMIN, now=now)
        if ingest is not None:
            await keep_one_token(
                session,
                ingest,
                name=INGEST,
                scope=Scope.INGEST,
                integration_id=default,
                now=now,
            )


def read_token(file: Path | None, setting: str) -> str | None:
    """Read a token from its file, without the newline that editors leave there."""
    if file is None:
        return None
    variable = f"{PREFIX}{setting}={file}"
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BootstrapError(f"{variable} cannot be read: {error}. Write one there.") from error
    if len(token) < MIN_TOKEN_CHARACTERS or not token.isascii() or " " in token:
        raise BootstrapError(
            f"{variable} holds {len(token)} characters:"
            f" a token is at least {MIN_TOKEN_CHARACTERS} ASCII characters without spaces."
        )
    return token
