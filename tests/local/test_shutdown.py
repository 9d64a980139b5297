import os
import pty
import shutil
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.support.local_platform import (
    CHECKOUT,
    START_SECONDS,
    STOP_SECONDS,
    Platform,
    launch,
    processes_of,
    running,
)
from tests.support.polling import wait_for
from tests.support.ports import free_port

_CTRL_C = b"\x03"


@pytest.mark.parametrize(
    "signals",
    [(signal.SIGHUP,), (signal.SIGTERM, signal.SIGTERM)],
    ids=["SIGHUP", "SIGTERM twice at once"],
)
def test_a_signal_stops_everything_with_status_0(
    platform: Platform, signals: tuple[signal.Signals, ...]
) -> None:
    for number in signals:
        platform.process.send_signal(number)
    assert platform.wait_until_ended() == 0
    assert platform.processes() == []
    assert "stopped, the data is kept in" in platform.output
    assert "was killed" not in platform.output


def test_a_stop_during_the_start_leaves_nothing(state: Path, environment: dict[str, str]) -> None:
    platform = launch(state, environment=environment)
    wait_for(lambda: "starting" in platform.output, seconds=STOP_SECONDS, what="a first word")
    assert platform.stop(signal.SIGTERM) == 0
    assert platform.processes() == []


def test_a_server_that_dies_stops_all_and_is_named(platform: Platform) -> None:
    (server,) = [process for process in platform.processes() if "uvicorn" in process.cmdline()]
    server.kill()
    assert platform.wait_until_ended() == 1
    assert "error: backend was ended by SIGKILL" in platform.output
    assert platform.processes() == []


def test_the_servers_die_with_a_supervisor_that_is_killed(platform: Platform) -> None:
    platform.process.kill()
    platform.process.wait()
    wait_for(lambda: not platform.processes(), seconds=STOP_SECONDS, what="every server to end")


def make_up(state: Path, environment: dict[str, str], port: int) -> list[str]:
    path = f"{environment['PATH']}:/usr/bin:/bin"
    return [
        *("env", f"PATH={path}", "make", "--no-print-directory", "-C", str(CHECKOUT)),
        *("up", f"PORT={port}", f"STATE={state}"),
    ]


def test_ctrl_c_at_a_terminal_stops_make_with_status_0(
    used_state: Path, environment: dict[str, str]
) -> None:
    if shutil.which("make") is None:
        pytest.skip("needs make: `apt-get install make`")
    child, terminal = pty.fork()
    if child == 0:
        os.execvp("env", make_up(used_state, environment, free_port()))  # noqa: S606, S607 - a test's own command
    output = bytearray()

    def read_until(words: bytes) -> bool:
        try:
            output.extend(os.read(terminal, 4096))
        except OSError:  # nobody has the terminal open any more
            pytest.fail(output.decode())
        return words in output

    wait_for(
        lambda: read_until(b"Ctrl-C stops everything"), seconds=START_SECONDS, what="the last word"
    )
    os.write(terminal, _CTRL_C)
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0, output.decode()
    assert processes_of(used_state) == []


def test_the_platform_ends_with_the_make_that_started_it(
    used_state: Path, environment: dict[str, str]
) -> None:
    command = make_up(used_state, environment, free_port())
    log = used_state.with_name("make.out")
    with log.open("wb") as output:
        make = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)  # noqa: S603 - a test's own command
    wait_for(
        lambda: "Ctrl-C stops everything" in log.read_text(),
        seconds=START_SECONDS,
        what="the last word",
    )
    make.kill()
    make.wait()
    wait_for(
        lambda: not processes_of(used_state), seconds=STOP_SECONDS, what="every process to end"
    )


def test_the_servers_share_a_process_group_apart_from_the_supervisor(
    shared_platform: Platform,
) -> None:
    """Ctrl-C at a terminal reaches a whole group: it must not reach the servers."""
    children = psutil.Process(shared_platform.process.pid).children()
    assert len(children) == 3
    groups = {os.getpgid(child.pid) for child in children}
    assert len(groups) == 1
    assert os.getpgid(shared_platform.process.pid) not in groups


@pytest.mark.parametrize("program", ["/bin/true", "/bin/sleep 300"], ids=["zombie", "another"])
def test_lock_files_of_a_server_that_was_killed_do_not_block(
    used_state: Path, environment: dict[str, str], program: str
) -> None:
    """Its number belongs to a process that nobody has collected yet, or to one of others."""
    other = subprocess.Popen(program.split(), user=owner_of(used_state / "postgres"))  # noqa: S603 - as above
    if program == "/bin/true":
        wait_for(
            lambda: psutil.Process(other.pid).status() == psutil.STATUS_ZOMBIE,
            seconds=10,
            what="a zombie",
        )
        write_server_lock(used_state / "run" / ".s.PGSQL.5432.lock", used_state, other.pid)
    write_server_lock(used_state / "postgres" / "postmaster.pid", used_state, other.pid)
    with running(used_state, environment=environment) as platform, platform.client() as client:
        assert client.get("/ready").status_code == 200
    other.kill()
    other.wait()


def owner_of(path: Path) -> int | None:
    """PostgreSQL looks only at processes of its own user: None for the present one."""
    return path.stat().st_uid if os.geteuid() == 0 else None


def write_server_lock(path: Path, state: Path, pid: int) -> None:
    """Leave a lock file as a server that was killed does."""
    path.write_text(f"{pid}\n{state}/postgres\n1700000000\n5432\n{state}/run\n\n\n")
    owner = path.parent.stat()
    os.chown(path, owner.st_uid, owner.st_gid)
