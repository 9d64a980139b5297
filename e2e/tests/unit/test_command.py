"""`python -m e2e`: what it starts, leaves running, ends, and says when it cannot."""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from e2e import __main__ as command
from e2e.cluster.errors import PreconditionError
from e2e.platform import assembly
from e2e.platform.alone import alone


class Machine:
    """Records what the command does, in place of all that it would start."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.did: list[str] = []
        self.passes = True
        self.signal: signal.Signals | None = None
        monkeypatch.setattr(command, "Platform", self)
        monkeypatch.setattr(command, "versions", lambda _: {})
        monkeypatch.setattr(command, "forget_report", lambda: None)
        monkeypatch.setattr(command, "run_drills", self._drills)
        monkeypatch.setattr(command, "hand_over", lambda *_: self.did.append("hand over"))
        monkeypatch.setattr(command, "keep_logs", lambda _: Path("/kept"))
        monkeypatch.setattr(assembly, "down", self.down)
        self.cluster = self
        self.paths = None

    def up(self, **_: object) -> "Machine":
        self.did.append("up")
        return self

    def attach(self) -> "Machine":
        self.did.append("attach")
        return self

    def down(self, *_: object) -> list[str]:
        self.did.append("down")
        return []

    def _drills(self, _: object, names: Sequence[str], **__: object) -> bool:
        self.did.append(f"drills {' '.join(names)}".strip())
        if self.signal:
            os.kill(os.getpid(), self.signal)
            time.sleep(5)
        return self.passes


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Machine]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    before = signal.getsignal(signal.SIGTERM)
    # A shell starts what runs in the background with SIGINT ignored, and so Python leaves it.
    interrupt = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield Machine(monkeypatch)
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, before)  # the command has set its own


def test_all_drills_and_nothing_left(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([]) == 0
    assert machine.did == ["up", "drills", "down"]
    assert "nothing is left" in capsys.readouterr().out


def test_the_drills_that_were_asked_for(machine: Machine) -> None:
    flags = ["--drill", "up", "--drill", "preview"]
    assert command.main(flags) == 0
    assert machine.did == ["up", "drills up preview", "down"]


def test_a_failed_drill_fails_the_command_and_keeps_its_logs(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.passes = False
    assert command.main([]) == 1
    assert machine.did[-1] == "down"
    assert "logs are kept in /kept" in capsys.readouterr().out


def test_whoever_is_interrupted_takes_everything_down(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.signal = signal.SIGINT
    assert command.main([]) == 130
    assert machine.did[-1] == "down"
    assert "interrupted" in capsys.readouterr().err


def test_whoever_is_told_to_end_takes_everything_down(machine: Machine) -> None:
    machine.signal = signal.SIGTERM
    with pytest.raises(SystemExit, match="143"):
        command.main([])
    assert machine.did[-1] == "down"


@pytest.mark.parametrize("words", [[], ["down"]])
def test_a_run_that_is_under_way_is_left_alone(
    machine: Machine, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    with alone():
        assert command.main(words) == 1
    assert machine.did == []
    assert "another run of the end-to-end tests is under way" in capsys.readouterr().err
    assert command.main(words) == 0


def test_a_machine_that_cannot_is_told_so_in_a_sentence(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(**_: object) -> None:
        raise PreconditionError("runc is missing")

    monkeypatch.setattr(machine, "up", refuse)
    assert command.main([]) == 1
    assert capsys.readouterr().err == "runc is missing\n"
