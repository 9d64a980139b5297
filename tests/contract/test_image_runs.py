"""The chart's commands, from the image's files, with the chart's environment, on a real PostgreSQL.

What differs from a pod: the database is a Unix socket, secrets lie in another folder, and ports and
addresses are this machine's.
"""

import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.image import Image, chart_container
from tests.support.ports import free_port
from tests.support.postgres import SUPERUSER, Server, running_server

pytestmark = pytest.mark.timeout(300)

START_SECONDS = 60


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as server:
        yield server


@dataclass(frozen=True)
class Pod:
    """Runs processes as the chart does, as far as a machine without a cluster goes."""

    image: Image
    server: Server
    folder: Path
    port: int

    def command(self, process: str) -> list[str]:
        """Return the chart's command with a port of this machine's, on 127.0.0.1 alone."""
        command: list[str] = chart_container(process)["command"]
        changed = {"--host=0.0.0.0": "--host=127.0.0.1", "--port=8000": f"--port={self.port}"}
        return [changed.get(word, word) for word in command]

    def environment(self, process: str) -> dict[str, str]:
        given: dict[str, str] = chart_container(process)["environment"]
        secrets = {
            name: value.replace("/etc/backend", str(self.folder))
            for name, value in given.items()
            if name.endswith("_FILE")
        }
        return {
            **given,
            **secrets,
            "BACKEND_DATABASE_HOST": str(self.server.socket_directory),
            "BACKEND_DATABASE_SSLMODE": "disable",
            "BACKEND_DATABASE_NAME": "postgres",
            "BACKEND_DATABASE_USER": SUPERUSER,
            "BACKEND_WORKER_HOST": "127.0.0.1",
            "BACKEND_WORKER_PORT": str(self.port),
        }

    def migrate(self) -> subprocess.CompletedProcess[str]:
        return self.image.run(self.command("migrate"), self.environment("migrate"))

    @contextmanager
    def running(self, process: str, **changes: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run "api" or "worker", alive when this returns."""
        log = self.folder / f"{process}.log"
        command, environment = self.command(process), self.environment(process) | changes
        with self.image.running(command, environment, log=log) as running:
            deadline = time.monotonic() + START_SECONDS
            while self.status("/health") != 200:
                assert running.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
            yield running

    def status(self, path: str) -> int | None:
        url = f"http://127.0.0.1:{self.port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except urllib.error.URLError:
            return None


@pytest.fixture(scope="module")
def pod(image: Image, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Pod:
    folder = tmp_path_factory.mktemp("pod")
    for name, content in (
        ("database/password", "none-is-needed"),
        ("admin-token/admin-token", "a" * 48),
        ("session-key/session-key", "b" * 48),
    ):
        (folder / name).parent.mkdir()
        (folder / name).write_text(content)
    return Pod(image, server, folder, free_port())


@pytest.fixture(scope="module")
def migrated(pod: Pod) -> Pod:
    done = pod.migrate()
    assert done.returncode == 0, done.stdout + done.stderr
    return pod


def test_a_second_migration_finds_nothing_to_do(migrated: Pod) -> None:
    done = migrated.migrate()
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_api_is_ready_logs_no_request_twice_and_ends_when_told(migrated: Pod) -> None:
    log = migrated.folder / "api.log"
    with migrated.running("api") as process:
        assert migrated.status("/ready") == 200
        _end(process, log)
    assert "uvicorn.access" not in log.read_text(), "--no-access-log is given"


def test_the_worker_is_alive_and_ends_when_told(migrated: Pod) -> None:
    with migrated.running("worker") as process:
        assert migrated.status("/metrics") == 200
        _end(process, migrated.folder / "worker.log")


def test_without_its_database_the_api_lives_and_is_not_ready(pod: Pod, tmp_path: Path) -> None:
    nowhere = {"BACKEND_DATABASE_HOST": str(tmp_path / "nowhere")}
    with pod.running("api", **nowhere):
        assert pod.status("/ready") == 503


def _end(process: subprocess.Popen[bytes], log: Path) -> None:
    """Tell a process to end, as the kubelet does, and see that it has put its things in order."""
    process.send_signal(signal.SIGTERM)
    # uvicorn drains and then dies of the signal after all; as a container's first process it
    # cannot, and ends with 0.
    assert process.wait(timeout=30) in {0, -signal.SIGTERM}
    assert "Application shutdown complete." in log.read_text()
