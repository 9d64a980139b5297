"""Runs other programs, and reports missing ones in a sentence."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

PROGRESS_SECONDS = 10.0


class ReleaseError(Exception):
    """The release failed; the text says why and what to do."""


def require(program: str, fix: str) -> None:
    if shutil.which(program) is None:
        raise ReleaseError(f"{program} is not on PATH: {fix}")


def ask(command: Sequence[str], *, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a short command and capture its output."""
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)  # noqa: S603 - an argument list of our own, no shell


def run(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    progress: Callable[[float], None] | None = None,
    progress_seconds: float = PROGRESS_SECONDS,
) -> int:
    """Run a command that takes its time, with its output as it comes. Returns its exit status.

    `progress` is called with the seconds that have passed, every `progress_seconds`.
    """
    started = time.monotonic()
    with subprocess.Popen(command, cwd=cwd) as process:  # noqa: S603 - an argument list of our own, no shell
        while True:
            try:
                return process.wait(timeout=progress_seconds if progress else None)
            except subprocess.TimeoutExpired:
                if progress:
                    progress(time.monotonic() - started)
            except KeyboardInterrupt:
                # The terminal has told the program, too: let it put its things in order.
                process.wait()
                raise


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
