"""The secrets of a local platform: files for their owner only, created once."""

import os
import secrets
import tempfile
from pathlib import Path

from local.errors import PlatformError

_BYTES = 32


def ensure_secret(path: Path) -> None:
    """Make the file with a new secret unless it exists. It appears whole or not at all."""
    if path.exists():
        if not path.read_text().strip():
            raise PlatformError(f"{path} is empty: delete it, and the next start creates a new one")
        path.chmod(0o600)
        return
    # mkstemp makes the file 0600 from its first moment.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(descriptor, "w") as file:
        # Without a newline, so that the file is exactly the token.
        file.write(secrets.token_urlsafe(_BYTES))
        file.flush()
        os.fsync(file.fileno())
    Path(name).rename(path)
