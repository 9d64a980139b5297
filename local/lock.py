"""One platform per state directory."""

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from local.errors import PlatformError

_STOPPING = "stopping"
_POLL_SECONDS = 0.1


class StateLock:
    """An flock on a file that also says who holds it.

    The kernel drops the lock with its holder, however that died, so a stale file never blocks a
    start. A holder that is already stopping is waited for; one that runs is an error at once.
    """

    def __init__(
        self, path: Path, *, wait_seconds: float = 30, tell: Callable[[str], None] = print
    ) -> None:
        self._path = path
        self._wait_seconds = wait_seconds
        self._tell = tell
        self._descriptor = -1

    def __enter__(self) -> Self:
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._acquire()
        except BaseException:
            os.close(self._descriptor)
            raise
        self._write(f"{os.getpid()}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)

    def mark_stopping(self) -> None:
        """Tell the next start to wait, because this platform is stopping."""
        self._write(f"{os.getpid()} {_STOPPING}")

    def _acquire(self) -> None:
        deadline = time.monotonic() + self._wait_seconds
        told = False
        while not self._try():
            pid, _, condition = os.pread(self._descriptor, 64, 0).decode().strip().partition(" ")
            if condition != _STOPPING or time.monotonic() > deadline:
                raise PlatformError(
                    f"another platform (process {pid or 'unknown'}) runs on {self._path.parent}: "
                    "stop it, or choose another directory with STATE="
                )
            if not told:
                self._tell(f"waiting for the previous run (process {pid}) to stop")
                told = True
            time.sleep(_POLL_SECONDS)

    def _try(self) -> bool:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _write(self, text: str) -> None:
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{text}\n".encode(), 0)
