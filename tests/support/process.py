"""Running the backend as a process of its own, with its port chosen by the operating system."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from tests.support.polling import wait_for

START_TIMEOUT_SECONDS = 60
API = ("-m", "uvicorn", "backend.asgi:app", "--host", "127.0.0.1", "--port", "0",
       "--no-access-log", "--http", "backend.http.protocol:BoundedProtocol",
       "--timeout-keep-alive", "75", "--timeout-graceful-shutdown", "20")  # fmt: skip
WORKER = ("-m", "backend.worker")
MIGRATE = ("-m", "backend.migrate")
_ROOT = Path(__file__).parents[2]


def run(
    arguments: Sequence[str], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a command of the backend to its end."""
    return subprocess.run(  # noqa: S603  # our own module
        [sys.executable, *arguments],
        cwd=_ROOT,
        env=_clean_environment() | dict(environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class Process:
    """A running server of the backend and what it has logged."""

    def __init__(self, popen: subprocess.Popen[bytes], log: Path) -> None:
        self.popen = popen
        self._log = log

    def text(self) -> str:
        return self._log.read_text()

    def events(self) -> list[dict[str, Any]]:
        lines = [line for line in self.text().splitlines() if line.startswith("{")]
        return [orjson.loads(line) for line in lines]

    def base_url(self) -> str:
        """Return where it listens, once it does."""

        def address() -> str | None:
            assert self.popen.poll() is None, f"the process has ended:\n{self.text()}"
            lines = [event["event"] for event in self.events()]
            found = [line for line in lines if line.startswith("Uvicorn running on http")]
            return found[0].split()[3] if found else None

        return wait_for(address, seconds=START_TIMEOUT_SECONDS, what="the server listens")

    def terminate(self) -> None:
        self.popen.send_signal(signal.SIGTERM)

    def wait(self, seconds: float = 30) -> int:
        """Wait for the end and return the exit status."""
        return self.popen.wait(seconds)


@contextmanager
def running(arguments: Sequence[str], environment: Mapping[str, str]) -> Iterator[Process]:
    """Start a server of the backend; kill it at the end if the test has not stopped it."""
    with tempfile.TemporaryDirectory(prefix="backend-") as directory:
        log = Path(directory) / "log"
        with log.open("wb") as output:
            popen = subprocess.Popen(  # noqa: S603  # our own module
                [sys.executable, *arguments],
                cwd=_ROOT,
                env=_clean_environment() | dict(environment),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            yield Process(popen, log)
        finally:
            if popen.poll() is None:
                popen.kill()
            popen.wait()


def peak_bytes(process: Process) -> int:
    """Return the most memory that it has ever had."""
    status = Path(f"/proc/{process.popen.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


def _clean_environment() -> dict[str, str]:
    # Bytecode is kept where it may be: the second start of a test run takes a third of the first.
    dropped = ("BACKEND_", "PYTHONDONTWRITEBYTECODE")
    return {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
