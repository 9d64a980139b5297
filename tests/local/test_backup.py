"""A backup that was made while alerts came in brings every row back, and nothing is lost by one."""

import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from local.backup import main
from local.environment import DATABASE_NAME, base_environment
from local.postgres import SUPERUSER, binaries, describe
from local.state import State
from tests.support.alertmanager import fingerprint, make_alert, make_message
from tests.support.local_platform import CHECKOUT, Platform, running
from tests.support.polling import wait_for

_ALERTS = 300
_WEBHOOK = "/api/v1/webhooks/alertmanager"


def _run(action: str, state: Path, file: Path) -> "subprocess.CompletedProcess[str]":
    """As a process of its own: `make up` is one too, and each has a lock."""
    process = _start(action, state, file)
    output, errors = process.communicate()
    return subprocess.CompletedProcess((), process.returncode, output, errors)


def _start(
    action: str, state: Path, file: Path, *, most_bytes: int = resource.RLIM_INFINITY
) -> "subprocess.Popen[str]":
    arguments = (action, "--state", str(state), "--file", str(file))
    return subprocess.Popen(  # noqa: S603 - our own program
        [*("prlimit", f"--fsize={most_bytes}", sys.executable), "-m", "local.backup", *arguments],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _client(program: str, *arguments: str) -> tuple[str, ...]:
    return (str(binaries() / program), "-U", SUPERUSER, *arguments)


def _dumps(state: Path) -> bool:
    """Whether pg_dump runs; before that, nothing would end it together with its parent."""
    commands = (process.info["cmdline"] or [""] for process in psutil.process_iter(["cmdline"]))
    return any(one[0].endswith("/pg_dump") and str(state / "run") in one for one in commands)


@contextmanager
def _locked(state: Path) -> Iterator[None]:
    """Let a backup wait in its middle."""
    database = describe(State(state), base_environment(State(state)))
    command = _client("psql", "-qAt", "-h", str(database.socket_directory), DATABASE_NAME)
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1) as holder:  # noqa: S603 - our own program
        assert holder.stdin
        assert holder.stdout
        try:
            holder.stdin.write("BEGIN; LOCK alert IN ACCESS EXCLUSIVE MODE; SELECT 'locked';\n")
            assert holder.stdout.readline() == "locked\n"
            yield
        finally:
            holder.kill()


def _deliver(platform: Platform, *names: str) -> None:
    alerts = [make_alert(fingerprint(labels), labels=labels) for labels in _labels(names)]
    with platform.client() as client:
        client.post(_WEBHOOK, json=make_message(*alerts)).raise_for_status()


def _labels(names: Sequence[str]) -> list[dict[str, str]]:
    return [{"alertname": name} for name in names]


def _rows(state: Path) -> str:
    """Every row of every table, as text, of a platform that runs."""
    database = describe(State(state), base_environment(State(state)))
    done = subprocess.run(  # noqa: S603 - our own program
        _client(
            *("pg_dump", "--data-only", "--inserts", "--no-comments"),
            *("-h", str(database.socket_directory), DATABASE_NAME),
        ),
        capture_output=True,
        text=True,
        check=True,
    )
    return "\n".join(sorted(line for line in done.stdout.splitlines() if "INSERT" in line))


def test_a_lost_database_comes_back_with_every_row(
    state: Path, directory: Path, environment: Mapping[str, str]
) -> None:
    file = directory / "backup"
    with running(state, environment=environment) as platform:
        _deliver(platform, *(f"Before{number}" for number in range(_ALERTS)))
        before = _rows(state)
        made = _run("backup", state, file)
        assert made.returncode == 0, made.stderr
        _deliver(platform, "AfterTheBackup")
    assert before.count("Before") >= _ALERTS
    assert file.stat().st_mode & 0o777 == 0o600

    # On another machine: nothing of the old directory is needed, no token either.
    other = directory / "another state"
    restored = _run("restore", other, file)
    assert restored.returncode == 0, restored.stderr
    with running(other, environment=environment) as platform:
        after = _rows(other)
        assert "AfterTheBackup" not in after
        lost = set(before.splitlines()) - set(after.splitlines())
        # What the start itself writes: sightings of tokens and of components.
        assert not [row for row in lost if "alert" in row.split()[2]]
        _deliver(platform, "AfterTheRestore")
        assert "AfterTheRestore" in _rows(other)


def test_the_former_database_is_kept_and_a_stopped_platform_is_backed_up(
    state: Path, directory: Path, environment: Mapping[str, str]
) -> None:
    first, second = directory / "first", directory / "second"
    with running(state, environment=environment) as platform:
        _deliver(platform, "Early")
        foreign = _dump_of_nothing(state)
    _require_refused(state, directory / "foreign", foreign, "of another program")
    assert _run("backup", state, first).returncode == 0
    truncated = first.read_bytes()[: first.stat().st_size // 3]
    _require_refused(state, directory / "truncated", truncated, "end of file")
    with running(state, environment=environment) as platform:
        _deliver(platform, "Late")
        refused = _run("restore", state, first)
        assert refused.returncode == 1
        assert "stop it" in refused.stderr
    assert _run("restore", state, first).returncode == 0
    [kept] = state.glob("postgres.before-*")
    # The other way round: what was replaced is whole.
    shutil.rmtree(state / "postgres")
    kept.rename(state / "postgres")
    assert _run("backup", state, second).returncode == 0
    assert second.stat().st_size > 0
    with running(state, environment=environment):
        rows = _rows(state)
    assert "Early" in rows
    assert "Late" in rows


def _require_refused(state: Path, file: Path, content: bytes, reason: str) -> None:
    file.write_bytes(content)
    before = {path.name for path in state.iterdir()}
    refused = _run("restore", state, file)
    assert (refused.returncode, reason in refused.stderr) == (1, True), refused.stderr
    assert {path.name for path in state.iterdir()} <= before


def _dump_of_nothing(state: Path) -> bytes:
    database = describe(State(state), base_environment(State(state)))
    arguments = _client("pg_dump", "-Fc", "-h", str(database.socket_directory), "postgres")
    return subprocess.run(arguments, capture_output=True, check=True).stdout  # noqa: S603 - our own program


def test_a_backup_that_ends_half_way_leaves_nothing_that_looks_like_one(
    state: Path, directory: Path, environment: Mapping[str, str]
) -> None:
    file = directory / "backup"
    with running(state, environment=environment):
        full = _start("backup", state, file, most_bytes=20_000)
        assert "error: pg_dump was ended by SIGXFSZ" in full.communicate()[1]
        with _locked(state):
            for number, status in ((signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)):
                with _start("backup", state, file) as process:
                    wait_for(lambda: _dumps(state), what="the backup", seconds=30)
                    process.send_signal(number)
                    assert "Traceback" not in process.communicate(timeout=30)[1]
                assert process.returncode == status
        assert not file.exists()
        [left] = directory.glob("*.unfinished")
        assert left.stat().st_mode & 0o777 == 0o600
        # What an interrupted one left is in nobody's way, and belongs to no other one.
        left.write_text("old")
        assert _run("backup", state, file).returncode == 0
        assert left.read_text() == "old"


@pytest.mark.parametrize("content", [None, b"", b"no archive"])
def test_what_is_no_backup_is_refused_before_anything_is_touched(
    directory: Path, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    file = directory / "file"
    if content is not None:
        file.write_bytes(content)
    state = directory / "state"
    assert main(["restore", "--state", str(state), "--file", str(file)]) == 1
    assert f"error: {file} " in capsys.readouterr().err
    assert not (state / "postgres").exists()


def test_a_backup_overwrites_nothing_and_needs_a_database(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["backup", "--state", str(directory / "state"), "--file", str(directory / "file")]
    assert main(arguments) == 1
    assert "holds no database" in capsys.readouterr().err


@pytest.mark.parametrize("action", ["backup", "restore"])
def test_a_file_must_be_named(
    directory: Path, capsys: pytest.CaptureFixture[str], action: str
) -> None:
    with pytest.raises(SystemExit):
        main([action, "--state", str(directory / "state"), "--file", ""])
    assert "FILE is empty: name a file" in capsys.readouterr().err
