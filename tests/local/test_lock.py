import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from local.errors import PlatformError
from local.lock import StateLock
from tests.support.local_platform import CHECKOUT, Platform, launch
from tests.support.polling import wait_for

_HOLDER = """
import pathlib, sys, time
from local.lock import StateLock
with StateLock(pathlib.Path(sys.argv[1])) as lock:
    if sys.argv[2:] == ["stopping"]:
        lock.mark_stopping()
    print("held", flush=True)
    time.sleep(300)
"""


def hold(path: Path, *condition: str) -> subprocess.Popen[str]:
    holder = subprocess.Popen(  # noqa: S603 - a test's own program
        [sys.executable, "-c", _HOLDER, path, *condition],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def end(holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.communicate()


def test_two_starts_on_one_directory_fail_clearly_and_harm_nothing(
    shared_platform: Platform, environment: dict[str, str]
) -> None:
    second = launch(shared_platform.state, environment=environment)
    assert second.wait_until_ended() == 1
    pid = shared_platform.process.pid
    assert f"another platform (process {pid}) runs on {shared_platform.state}" in second.output
    with shared_platform.client() as client:
        assert client.get("/ready").status_code == 200


def test_the_lock_names_its_holder(tmp_path: Path) -> None:
    holder = hold(tmp_path / "lock")
    with (
        pytest.raises(PlatformError, match=f"process {holder.pid}.*STATE="),
        StateLock(tmp_path / "lock"),
    ):
        pass
    end(holder)


def test_a_lock_whose_holder_was_killed_is_free(tmp_path: Path) -> None:
    holder = hold(tmp_path / "lock")
    os.kill(holder.pid, signal.SIGKILL)
    holder.communicate()
    with StateLock(tmp_path / "lock"):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_a_holder_that_is_stopping_is_waited_for(tmp_path: Path) -> None:
    holder = hold(tmp_path / "lock", "stopping")
    said: list[str] = []
    entered = threading.Event()

    def enter() -> None:
        with StateLock(tmp_path / "lock", tell=said.append):
            entered.set()

    waiting = threading.Thread(target=enter)
    waiting.start()
    wait_for(lambda: said, seconds=10, what="a word about waiting")
    assert not entered.is_set()
    end(holder)
    waiting.join(10)
    assert entered.is_set()
    assert said == [f"waiting for the previous run (process {holder.pid}) to stop"]


def test_a_holder_that_never_stops_is_waited_for_in_vain(tmp_path: Path) -> None:
    holder = hold(tmp_path / "lock", "stopping")
    with (
        pytest.raises(PlatformError, match="another platform"),
        StateLock(tmp_path / "lock", wait_seconds=0.2, tell=lambda _: None),
    ):
        pass
    end(holder)
