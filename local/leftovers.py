"""What an interrupted run left: processes, and a lock file of PostgreSQL."""

import signal
import time
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
    _forget_postmaster(state.postgres)
    return names


def _belongs_to(process: psutil.Process, state: State) -> bool:
    try:
        # PostgreSQL overwrites its environment with its status line, but keeps its arguments.
        command = process.cmdline()
        if str(state.postgres) in command and "postgres" in Path(command[0]).name:
            return True
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


def _forget_postmaster(data: Path) -> None:
    """Remove the server's lock file when its number now belongs to some other program.

    PostgreSQL ignores the file of a process that is gone, and refuses to start when the number
    is taken, as it often is after a reboot or in a container.
    """
    lock = data / "postmaster.pid"
    try:
        pid = int(lock.read_text().split("\n", 1)[0])
        if psutil.Process(pid).name() != "postgres":
            lock.unlink()
    except (OSError, ValueError, psutil.Error):
        return
