"""The rows that a new installation starts with: the integration `default` and the first tokens."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
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

ADMIN = "bootstrap-admin"


@dataclass(frozen=True, slots=True)
class BootstrapToken:
    """A token that is made elsewhere and comes in the file that a setting names."""

    setting: str
    scope: Scope
    # Names the tokens that came from this file, and no others.
    name: str
    # Whether it belongs to the integration `default`, for which it then delivers.
    delivers: bool = False


TOKENS = (
    BootstrapToken("admin_token_file", Scope.ADMIN, ADMIN),
    BootstrapToken("ingest_token_file", Scope.INGEST, "bootstrap-ingest", delivers=True),
    BootstrapToken("discovery_token_file", Scope.DISCOVER, "bootstrap-discovery"),
)


class BootstrapError(Exception):
    """The first token cannot be stored; the text says what to do."""


async def ensure(database: Database, settings: Settings) -> None:
    """Insert what is missing, and commit."""
    now = utc_now()
    given = _given(settings)
    async with committed(database) as session:
        default = await ensure_default(session, now=now)
        for kind, token in given.items():
            await keep_one_token(
                session,
                token,
                name=kind.name,
                scope=kind.scope,
                integration_id=default if kind.delivers else None,
                now=now,
            )


def _given(settings: Settings) -> Mapping[BootstrapToken, str]:
    """Read the files that the settings name; no two may contain the same token."""
    read = {kind: read_token(getattr(settings, kind.setting), kind.setting) for kind in TOKENS}
    given = {kind: token for kind, token in read.items() if token is not None}
    for one, other in combinations(given, 2):
        if given[one] == given[other]:
            raise BootstrapError(
                f"{_variable(one.setting)} and {_variable(other.setting)} contain the same token,"
                f" which would have the scopes {one.scope} and {other.scope}."
                " Write a different token to one of the files."
            )
    return given


def read_token(file: Path | None, setting: str) -> str | None:
    """Read a token from its file, without the newline that editors leave there."""
    if file is None:
        return None
    variable = f"{_variable(setting)}={file}"
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BootstrapError(f"{variable} cannot be read: {error}. Write a token to it.") from error
    if len(token) < MIN_TOKEN_CHARACTERS or not token.isascii() or " " in token:
        raise BootstrapError(
            f"{variable} contains {len(token)} characters:"
            f" a token has at least {MIN_TOKEN_CHARACTERS} ASCII characters without spaces."
        )
    return token


def _variable(setting: str) -> str:
    return PREFIX + setting.upper()
