"""Creates and recognises tokens."""

import hashlib
import secrets

# Secret scanners and people recognise a token by its prefix.
PREFIX = "cnop_"
TOKEN_BYTES = 32


def generate_token() -> str:
    return PREFIX + secrets.token_urlsafe(TOKEN_BYTES)


def hash_token(token: str) -> bytes:
    """Hash a token for storage. Its 256 random bits make a slow or salted hash pointless."""
    return hashlib.sha256(token.encode()).digest()
