"""What an interrupted run left: processes, and lock files of PostgreSQL."""

import signal
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

from local.environment import STATE_MARKER
from local.state import State

_TERM_SECONDS = 5
_KILL_SECONDS = 5
_POLL_SECONDS = 0.05


def end_leftovers(state: State) -> list[str]:
    """End every process of an earlier run and return their names. The caller holds the lock."""
    left = [
        process
        for process in psutil.process_iter()
        if _runs(process) and _belongs_to(process, state)
    ]
    names = [_describe(process) for process in left]
    for process in left:
        _send(process, kill=False)
    for process in _wait(left, _TERM_SECONDS):
        _send(process, kill=True)
    _wait(left, _KILL_SECONDS)
    return names


def _belongs_to(process: psutil.Process, state: State) -> bool:
    try:
        # PostgreSQL overwrites its environment with its status line. The server keeps its
        # arguments, and the processes of its sessions their directory.
        if process.name() == "postgres":
            return str(state.postgres) in process.cmdline() or process.cwd() == str(state.postgres)
        return process.environ().get(STATE_MARKER) == str(state.root)
    except (psutil.Error, OSError):
        return False


def _wait(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Return those that still run after at most so many seconds."""
    deadline = time.monotonic() + seconds
    while (alive := [process for process in processes if _runs(process)]) and (
        time.monotonic() < deadline
    ):
        time.sleep(_POLL_SECONDS)
    return alive


def _runs(process: psutil.Process) -> bool:
    """A zombie does not: in a container there may be nobody to collect it."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _describe(process: psutil.Process) -> str:
    try:
        return f"{process.name()} ({process.pid})"
    except psutil.Error:
        return f"process {process.pid}"


def _send(process: psutil.Process, *, kill: bool) -> None:
    try:
        if kill:
            process.kill()
        elif process.name() == "postgres":
            process.send_signal(signal.SIGINT)  # SIGTERM would wait for every client to leave
        else:
            process.terminate()
    except psutil.Error:
        return


def forget_dead_server(locks: Iterable[Path]) -> None:
    """Remove PostgreSQL's lock files whose process is no server any more.

    PostgreSQL ignores the file of a process that is gone, but refuses to start while the number
    exists: as a zombie that nobody has collected, or given anew to some other program, as happens
    after a reboot or in a container. Two servers on one directory stay impossible: its shared
    memory, found by the directory's inode, would still be attached.
    """
    for lock in locks:
        try:
            server = psutil.Process(int(lock.read_text().split("\n", 1)[0]))
            if not _runs(server) or server.name() != "postgres":
                lock.unlink()
        except (OSError, ValueError, psutil.Error):
            continue
