"""`python -m local` as a real process on a state directory and ports of its own."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil

from local.environment import STATE_MARKER
from tests.support.polling import wait_for
from tests.support.ports import free_port

CHECKOUT = Path(__file__).resolve().parents[2]
# Bounds, not expectations: a start takes three seconds on a quiet machine.
START_SECONDS = 150
STOP_SECONDS = 60
FAST_INTERVALS = (
    *("--scrape-interval", "1s", "--evaluation-interval", "500ms"),
    *("--resend-delay", "3s", "--group-wait", "100ms", "--group-interval", "1s"),
)


@dataclass
class Platform:
    """A started platform; it may not be ready, or have ended."""

    process: subprocess.Popen[bytes]
    state: Path
    port: int
    log: Path

    @property
    def output(self) -> str:
        return self.log.read_text()

    @property
    def token(self) -> str:
        return (self.state / "admin-token").read_text()

    def client(self) -> httpx2.Client:
        """A client with all rights."""
        return httpx2.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"Authorization": f"Bearer {self.token}"},
            trust_env=False,
            timeout=10,
        )

    def wait_until_ready(self, *, seconds: float = START_SECONDS) -> None:
        """The start's last word: everything is up, Prometheus and Alertmanager too."""

        def ready() -> bool:
            assert self.process.poll() is None, self.output
            return "Ctrl-C stops everything" in self.output

        wait_for(ready, seconds=seconds, what="the platform to be ready")

    def wait_until_ended(self) -> int:
        return self.process.wait(STOP_SECONDS)

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Ask it to stop and return its exit status."""
        self.process.send_signal(number)
        return self.wait_until_ended()

    def processes(self) -> list[psutil.Process]:
        return processes_of(self.state)


def processes_of(state: Path) -> list[psutil.Process]:
    """Every living process that belongs to a state directory, the supervisor too."""
    return [process for process in psutil.process_iter() if _belongs(process, state)]


def _belongs(process: psutil.Process, state: Path) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
            return False
        return (
            process.environ().get(STATE_MARKER) == str(state)
            or str(state / "postgres") in process.cmdline()
            or str(state) in process.cmdline()
            or process.cwd() == str(state / "postgres")
        )
    except (psutil.Error, OSError):
        return False


def launch(
    state: Path,
    *arguments: str,
    port: int | None = None,
    environment: Mapping[str, str],
) -> Platform:
    """Start without waiting. The caller stops it."""
    chosen = port or free_port()
    log = state.with_name(f"{state.name}-{chosen}.out")
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [
                *(sys.executable, "-m", "local", "--state", state, "--port", str(chosen)),
                *(
                    f"--{name}-port={free_port()}"
                    for name in ("worker", "prometheus", "alertmanager")
                ),
                *arguments,
            ],
            cwd=CHECKOUT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    return Platform(process=process, state=state, port=chosen, log=log)


@contextmanager
def running(
    state: Path,
    *arguments: str,
    port: int | None = None,
    environment: Mapping[str, str],
) -> Iterator[Platform]:
    """Start, wait until ready; whatever is left at the end is killed."""
    platform = launch(state, *arguments, port=port, environment=environment)
    try:
        platform.wait_until_ready()
        yield platform
        if platform.process.poll() is None:
            platform.stop()
    finally:
        kill_everything(platform)


def kill_everything(platform: Platform) -> None:
    """Kill the supervisor and all that it started, as nearly at once as can be."""
    victims = platform.processes()
    for victim in victims:
        try:
            victim.kill()
        except psutil.NoSuchProcess:
            continue
    platform.process.kill()
    platform.process.wait(STOP_SECONDS)
    psutil.wait_procs(victims, timeout=STOP_SECONDS)


def plain_environment() -> dict[str, str]:
    """The caller's, but compiled libraries are kept: a new state directory has none."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def environment_without_monitoring(directory: Path) -> dict[str, str]:
    """The environment of a machine without Prometheus and Alertmanager."""
    directory.mkdir()
    setpriv = shutil.which("setpriv")
    if setpriv:
        (directory / "setpriv").symlink_to(setpriv)
    return plain_environment() | {"PATH": str(directory)}
