"""`make up` where nothing is installed: a clean checkout, an empty environment, no uv."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.support.local_platform import CHECKOUT, processes_of
from tests.support.polling import wait_for
from tests.support.ports import free_port

_READY_SECONDS = 180
_PYTHON = Path("/usr/bin/python3.11")


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty directory that any user may be given."""
    path = Path(tempfile.mkdtemp(prefix="home-"))
    yield path
    shutil.rmtree(path)


def clone(target: Path) -> None:
    """Copy what is, or is about to be, in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - git from PATH
        cwd=CHECKOUT,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        source = CHECKOUT / name
        if name and source.exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name, follow_symlinks=False)


def give(path: Path, user: str) -> None:
    entry = pwd.getpwnam(user)
    for directory, _, files in os.walk(path):
        for name in [directory, *(str(Path(directory) / file) for file in files)]:
            os.chown(name, entry.pw_uid, entry.pw_gid, follow_symlinks=False)


@pytest.mark.timeout(_READY_SECONDS + 120)
def test_make_up_is_ready_in_a_clean_checkout(home: Path) -> None:
    # Root can do everything: where the tests run as root, an ordinary user tries.
    user = "nobody" if os.geteuid() == 0 else None
    if not _PYTHON.exists():
        pytest.skip("needs Debian's Python: `apt-get install python3.11 python3.11-venv`")
    checkout = home / "a checkout"
    checkout.mkdir()
    clone(checkout)
    if user is not None:
        give(home, user)
    port = free_port()
    log = Path(f"{home}.out")
    with log.open("wb") as output:
        make = subprocess.Popen(  # noqa: S603 - the command under test
            ["/usr/bin/make", "up", f"PORT={port}"],
            cwd=checkout,
            env={"PATH": "/usr/bin:/bin", "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=output,
            stderr=subprocess.STDOUT,
            user=user,
        )
    try:

        def ready() -> bool:
            assert make.poll() is None, log.read_text()
            try:
                answer = httpx2.get(f"http://127.0.0.1:{port}/ready", trust_env=False)
            except httpx2.HTTPError:
                return False
            return answer.status_code == 200

        wait_for(ready, seconds=_READY_SECONDS, what="/ready to be 200")
        assert "installing uv" in log.read_text()
    finally:
        make.send_signal(signal.SIGTERM)
        make.wait(60)
    wait_for(lambda: not processes_of(checkout / ".local"), seconds=30, what="every process to end")
    log.unlink()
