"""A backup that was made while alerts came in brings every row back, and nothing is lost by one."""

import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from local.backup import main
from local.environment import DATABASE_NAME, base_environment
from local.postgres import SUPERUSER, binaries, describe
from local.state import State
from tests.support.alertmanager import fingerprint, make_alert, make_message
from tests.support.local_platform import CHECKOUT, Platform, running

_ALERTS = 300
_WEBHOOK = "/api/v1/webhooks/alertmanager"


def _run(action: str, state: Path, file: Path) -> "subprocess.CompletedProcess[str]":
    """As a process of its own: `make up` is one too, and each has a lock."""
    arguments = (action, "--state", str(state), "--file", str(file))
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "local.backup", *arguments],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )


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
        [
            *(binaries() / "pg_dump", "--data-only", "--inserts", "--no-comments"),
            *("-h", database.socket_directory, "-U", SUPERUSER, DATABASE_NAME),
        ],
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

    shutil.rmtree(state / "postgres")
    restored = _run("restore", state, file)
    assert restored.returncode == 0, restored.stderr
    with running(state, environment=environment) as platform:
        after = _rows(state)
        assert "AfterTheBackup" not in after
        lost = set(before.splitlines()) - set(after.splitlines())
        # What the start itself writes: sightings of tokens and of components.
        assert not [row for row in lost if "alert" in row.split()[2]]
        _deliver(platform, "AfterTheRestore")
        assert "AfterTheRestore" in _rows(state)


def test_the_former_database_is_kept_and_a_stopped_platform_is_backed_up(
    state: Path, directory: Path, environment: Mapping[str, str]
) -> None:
    first, second = directory / "first", directory / "second"
    with running(state, environment=environment) as platform:
        _deliver(platform, "Early")
    assert _run("backup", state, first).returncode == 0
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
