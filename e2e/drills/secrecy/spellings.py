"""How a secret can be written down: as it is, and in the encodings that programs wrap text in."""

import base64
import json
from collections.abc import Mapping
from urllib.parse import quote

# Shorter ones would be found by chance.
SHORTEST = 12


def spellings(secret: str) -> frozenset[bytes]:
    """Give every byte string whose presence gives the secret away."""
    raw = secret.encode()
    texts = {secret, quote(secret, safe=""), json.dumps(secret)[1:-1]}
    return frozenset(text.encode() for text in texts) | _in_base64(raw)


def _in_base64(raw: bytes) -> frozenset[bytes]:
    """Without the first and last characters, which depend on what stands beside the secret."""
    found = set()
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            encoded = encode(b"\0" * before + raw + b"\0" * (-(before + len(raw)) % 3))
            whole = slice(4 if before else 0, -4 if (before + len(raw)) % 3 else None)
            found.add(encoded[whole])
    return frozenset(found)


def found_in(content: bytes, secrets: Mapping[str, str]) -> list[str]:
    """Give the names of the secrets that stand in it; `secrets` is by name."""
    return [
        name
        for name, secret in secrets.items()
        if any(spelling in content for spelling in spellings(secret))
    ]
