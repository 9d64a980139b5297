"""Start processes that outlive the command that started them, and end no others.

A process is known by its id and its start time: an id alone may belong to somebody else by now.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from e2e.cluster.errors import ClusterError

# Leftovers are found by this variable: what we start has it, and hands it on.
MARK = "OBSERVABILITY_E2E_STATE"


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    started: int  # clock ticks since boot

    @classmethod
    def of(cls, pid: int) -> "Process | None":
        """Find the living process with this id; a zombie has ended and does not count."""
        # From the third field (state) on: the second, the name, may contain anything.
        fields = read(pid, "stat").rpartition(b")")[2].split()
        return cls(pid, int(fields[19])) if fields and fields[0] != b"Z" else None

    @property
    def alive(self) -> bool:
        return Process.of(self.pid) == self

    @property
    def command_line(self) -> str:
        return read(self.pid, "cmdline").replace(b"\0", b" ").decode(errors="replace").strip()

    def send(self, number: signal.Signals) -> None:
        if self.alive:
            os.kill(self.pid, number)

    def stop(self, *, seconds: float = 10) -> None:
        """SIGTERM, and SIGKILL when it has not ended after `seconds`."""
        self.send(signal.SIGTERM)
        if not wait_until(lambda: not self.alive, seconds=seconds):
            self.send(signal.SIGKILL)
            wait_until(lambda: not self.alive, seconds=seconds)


def start(
    command: Sequence[str],
    *,
    name: str,
    records: Path,
    log: Path,
    environment: Mapping[str, str],
    ready: Callable[[], bool] | None = None,
    seconds: float = 30,
) -> Process:
    """Start in the background, in a session of its own; it ends when somebody ends it.

    Returns when it is `ready`; one that ends before, or is not ready in time, is an error.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    records.mkdir(parents=True, exist_ok=True)
    # The shell ends at once, so that nobody has to wait for the program as a child.
    detach = ["sh", "-c", 'setsid "$@" </dev/null >>"$LOG" 2>&1 & echo $!', "detach"]
    launched = subprocess.run(
        [*detach, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**environment, MARK: str(records.parent), "LOG": str(log)},
    )
    process = Process.of(int(launched.stdout))
    if process is None:
        raise ClusterError(f"{name} ended at once: see {log}")
    (records / f"{name}.json").write_text(json.dumps(asdict(process)))
    if ready is not None:
        wait_until(lambda: ready() or not process.alive, seconds=seconds)
        if not ready():
            raise ClusterError(f"{name} did not become ready: see {log}")
    return process


def recorded(records: Path, name: str) -> Process | None:
    """Find what `start` recorded under `name`, if it is still the same living process."""
    try:
        process = Process(**json.loads((records / f"{name}.json").read_text()))
    except (FileNotFoundError, ValueError, TypeError):  # a crash may have cut the file short
        return None
    return process if process.alive else None


def every() -> Iterator[Process]:
    for pid in psutil.pids():
        if process := Process.of(pid):
            yield process


def marked(state: Path) -> Iterator[Process]:
    """Every living process that was started, however indirectly, for the cluster in `state`."""
    mark = f"{MARK}={state}".encode()
    for process in every():
        if process.pid != os.getpid() and mark in read(process.pid, "environ").split(b"\0"):
            yield process


def wait_until(condition: Callable[[], bool], *, seconds: float, every: float = 0.1) -> bool:
    """Poll; False when the time is over first."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


def read(pid: int, file: str) -> bytes:
    """Give what a file of a process's folder in /proc holds; nothing when it has ended."""
    try:
        return Path(f"/proc/{pid}/{file}").read_bytes()
    except OSError:
        return b""
