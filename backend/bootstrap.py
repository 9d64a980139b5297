"""The rows that a new installation starts with: the integration `default` and the first token."""

from pathlib import Path

from backend.auth.service import keep_one_admin_token
from backend.db.base import utc_now
from backend.db.engine import Database
from backend.db.session import committed
from backend.integrations.service import ensure_default
from backend.settings import PREFIX, Settings

# A token with all rights must not be guessable: 22 characters of base64 are 128 bits.
MIN_TOKEN_CHARACTERS = 22


# Names the tokens that came from the file, and no other.
ADMIN = "bootstrap-admin"


class BootstrapError(Exception):
    """The first token cannot be made known; the text says what to do."""


async def ensure(database: Database, settings: Settings) -> None:
    """Insert what is missing, and commit."""
    now = utc_now()
    async with committed(database) as session:
        await ensure_default(session, now=now)
        if settings.admin_token_file is not None:
            token = read_token(settings.admin_token_file)
            await keep_one_admin_token(session, token, name=ADMIN, now=now)


def read_token(file: Path) -> str:
    """Read a token from its file, without the newline that editors leave there."""
    variable = f"{PREFIX}ADMIN_TOKEN_FILE={file}"
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
