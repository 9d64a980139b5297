"""Processes that a run starts, watches and stops. Linux only: it reads /proc.

A process that is started here dies with the run, however the run ends.
"""

import ctypes
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"

_START_SECONDS = 60
_STOP_SECONDS = 15
_PR_SET_PDEATHSIG = 1
_ADDRESS = re.compile(rb"http://127\.0\.0\.1:(\d+)")
_TICKS = os.sysconf("SC_CLK_TCK")


class ProcessFailed(Exception):
    """A process ended, or did not do what it was started for; the text has the end of its log."""


class Service:
    """A running server; `port` is the one that it reported in its log."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log
        self.port = 0

    def find_port(self) -> None:
        """Wait until the log names an address."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            if (found := _ADDRESS.search(self._log.read_bytes())) is not None:
                self.port = int(found[1])
                return
            time.sleep(0.002)
        tail = self._log.read_text(errors="replace")[-2000:]
        raise ProcessFailed(f"{self._process.args!r} did not start:\n{tail}")

    def cpu_seconds(self) -> float:
        """Return what the process has used so far, to 10 ms."""
        return tree_cpu_seconds(self._process.pid, ())

    def resident_bytes(self) -> int:
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) * 1024

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def tree_cpu_seconds(parent: int, children: Iterable[int]) -> float:
    """Return the CPU of a process, of its children that have ended, and of these living ones."""
    own, ended = _cpu_ticks(parent)
    return (own + ended + sum(_cpu_ticks(child)[0] for child in children)) / _TICKS


def _cpu_ticks(pid: int) -> tuple[int, int]:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        # It ended meanwhile, so its parent accounts for it.
        return 0, 0
    fields = [int(field) for field in stat.rpartition(")")[2].split()[11:15]]
    return fields[0] + fields[1], fields[2] + fields[3]


def environment(**extra: str) -> dict[str, str]:
    """Return this process's environment for a child, without settings of the service.

    Byte code is kept, in a place of its own: an image has it, too, and starting without it takes
    four times as long.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("BACKEND_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    return kept | {"PYTHONPYCACHEPREFIX": str(BUILD / "bench-bytecode")} | extra


@contextmanager
def service(
    command: Sequence[str | Path], log: Path, env: Mapping[str, str], cwd: Path = ROOT
) -> Iterator[Service]:
    """Start a server, wait until it reports its address, and stop it at the end."""
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  # our own commands
            command,
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=die_with_parent,  # noqa: PLW1509  # one ctypes call, no locks
        )
    started = Service(process, log)
    try:
        started.find_port()
        yield started
    finally:
        started.stop()


def run(
    command: Sequence[str | Path], *, env: Mapping[str, str] | None = None, stdin: bytes = b""
) -> bytes:
    """Run a program to its end and return its standard output; raise when it fails."""
    done = subprocess.run(  # noqa: S603  # our own commands
        command,
        input=stdin,
        capture_output=True,
        env=env,
        cwd=ROOT,
        check=False,
        preexec_fn=die_with_parent,  # one ctypes call, no locks
    )
    if done.returncode != 0:
        tail = (done.stdout + done.stderr).decode(errors="replace")[-2000:]
        raise ProcessFailed(f"{' '.join(map(str, command))} failed ({done.returncode}):\n{tail}")
    return done.stdout


def machine_cpu_seconds() -> float:
    """Return the CPU that everything on this machine has used, time stolen from it included."""
    user, nice, system, _idle, _wait, *interrupts_and_stolen = [
        int(ticks) for ticks in Path("/proc/stat").read_text().split(maxsplit=9)[1:9]
    ]
    return (user + nice + system + sum(interrupts_and_stolen)) / _TICKS


def children_cpu_seconds() -> float:
    """Return what programs that this process has run to their end have used."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
