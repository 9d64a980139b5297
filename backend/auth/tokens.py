"""Making and recognising tokens."""

import hashlib
import secrets

# The prefix lets secret scanners and people recognise what they have found.
PREFIX = "cnop_"
TOKEN_BYTES = 32


def generate_token() -> str:
    return PREFIX + secrets.token_urlsafe(TOKEN_BYTES)


def hash_token(token: str) -> bytes:
    """Hash a token for storage. Its 256 random bits make a slow or salted hash pointless."""
    return hashlib.sha256(token.encode()).digest()
