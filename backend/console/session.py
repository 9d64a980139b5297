"""The console's session: a signed cookie that names a token by its id, never by its text.

The cookie proves who signed in and when. Every request asks the database whether that token is
still valid, so revoking a token ends its sessions at once.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from itsdangerous import BadData, URLSafeTimedSerializer
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from backend.settings import PREFIX, SettingsError

# One shift on call; afterwards the user must sign in again.
LIFETIME = timedelta(hours=12)
LEAST_KEY_BYTES = 32
_NAME = "console-session"
_PAYLOAD: TypeAdapter[tuple[int, str]] = TypeAdapter(tuple[int, str])


@dataclass(frozen=True, slots=True)
class Session:
    token_id: int
    nonce: str
    """Binds this session's forms to it."""
    issued_at: datetime

    @property
    def expires_at(self) -> datetime:
        return self.issued_at + LIFETIME


def read_key(path: Path) -> bytes:
    """Read the signing key, or raise SettingsError with what to do."""
    variable = f"{PREFIX}SESSION_KEY_FILE"
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise SettingsError(
            f"{variable}={path}: {error.strerror}: name a readable file,"
            " or unset it to run without the console."
        ) from error
    if len(key) < LEAST_KEY_BYTES:
        raise SettingsError(
            f"{variable}={path}: the file has {len(key)} bytes and needs {LEAST_KEY_BYTES}:"
            " write a random key, for example with `openssl rand -hex 32`."
        )
    return key


class Sessions:
    """Issues and reads session cookies."""

    def __init__(self, key: bytes) -> None:
        self._serializer = URLSafeTimedSerializer(
            key, salt="console-session", signer_kwargs={"digest_method": sha256}
        )

    def start(self, request: Request, response: Response, *, token_id: int) -> None:
        value = self._serializer.dumps([token_id, secrets.token_urlsafe(16)])
        set_cookie(request, response, _NAME, str(value), max_age=LIFETIME)

    def end(self, request: Request, response: Response) -> None:
        set_cookie(request, response, _NAME, "", max_age=timedelta(0))

    def of(self, request: Request) -> Session | None:
        """Return the request's session if we signed it and it has not expired."""
        cookie = get_cookie(request, _NAME)
        if cookie is None:
            return None
        try:
            payload, issued_at = self._serializer.loads(
                cookie, max_age=int(LIFETIME.total_seconds()), return_timestamp=True
            )
            token_id, nonce = _PAYLOAD.validate_python(payload)
        except (BadData, ValidationError):
            return None
        return Session(token_id=token_id, nonce=nonce, issued_at=issued_at)


def _cookie_name(request: Request, name: str) -> str:
    # The prefix makes browsers refuse the cookie unless it came from this host, over TLS.
    return f"__Host-{name}" if request.url.scheme == "https" else name


def get_cookie(request: Request, name: str) -> str | None:
    return request.cookies.get(_cookie_name(request, name))


def set_cookie(
    request: Request, response: Response, name: str, value: str, *, max_age: timedelta
) -> None:
    """Set a cookie that scripts cannot read; over TLS it is Secure and bound to this host.

    Behind a load balancer the scheme is what the proxy says, if the server trusts that proxy
    (uvicorn's --forwarded-allow-ips).
    """
    response.set_cookie(
        _cookie_name(request, name),
        value,
        max_age=int(max_age.total_seconds()),
        path="/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
