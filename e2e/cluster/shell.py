"""Running other people's programs: what fails says which command, and what it wrote."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from e2e.cluster.errors import ClusterError


def run(
    *command: str | Path,
    check: bool = True,
    environment: Mapping[str, str] | None = None,
    stdin: str | None = None,
    seconds: float = 120,
) -> str:
    """Give back standard output; a non-zero status raises, unless `check` is off."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
            input=stdin,
            env={**os.environ, **(environment or {})},
        )
    except subprocess.TimeoutExpired as error:
        raise ClusterError(f"`{' '.join(words)}` did not end within {seconds:.0f} s") from error
    if check and done.returncode != 0:
        message = done.stderr.strip() or done.stdout.strip() or f"status {done.returncode}"
        raise ClusterError(f"`{' '.join(words)}` failed: {message}")
    return done.stdout
