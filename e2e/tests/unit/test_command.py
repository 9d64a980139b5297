"""`python -m e2e`: what it starts, leaves running, ends, and says when it cannot."""

import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from e2e import __main__ as command
from e2e.cluster.errors import PreconditionError
from e2e.deploy.engine.stacks import Stack
from e2e.platform import assembly
from e2e.platform.alone import alone


class Machine:
    """Records what the command does, in place of all that it would start."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.did: list[str] = []
        self.passes = True
        self.signal: signal.Signals | None = None
        self.left: list[str] = []
        self.wanted: Mapping[str, Any] = {}
        monkeypatch.setattr(command, "Platform", self)
        monkeypatch.setattr(command, "versions", lambda _: {})
        monkeypatch.setattr(command, "forget_report", lambda: None)
        monkeypatch.setattr(command, "run_drills", self._drills)
        monkeypatch.setattr(command, "hand_over", lambda *_: self.did.append("hand over"))
        monkeypatch.setattr(command, "keep_logs", lambda _: Path("/kept"))
        monkeypatch.setattr(assembly, "down", self.down)
        self.cluster = self
        self.stack = Stack.OBSERVABILITY  # of what was kept
        self.paths = None

    def up(self, **wanted: object) -> "Machine":
        self.did.append("up")
        self.wanted = wanted
        return self

    def attach(self) -> "Machine":
        self.did.append("attach")
        return self

    def down(self, *_: object) -> list[str]:
        self.did.append("down")
        return self.left

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


def test_the_stack_that_was_asked_for_and_its_drills(machine: Machine) -> None:
    assert command.main(["--stack", "observability", "--drill", "alert-path"]) == 0
    assert machine.wanted["stack"] is Stack.OBSERVABILITY
    assert command.main(["--drill", "alert-path"]) == 1  # not of the platform alone
    assert machine.did == ["up", "drills alert-path", "down"]


def test_what_was_kept_has_the_drills_of_its_stack(machine: Machine) -> None:
    assert command.main(["--attach", "--drill", "scraped"]) == 0
    assert machine.did == ["attach", "drills scraped", "hand over"]


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


def test_what_is_kept_is_handed_over_and_not_ended(machine: Machine) -> None:
    assert command.main(["--keep"]) == 0
    assert machine.did == ["up", "drills", "hand over"]


def test_what_was_kept_is_used_and_kept_again(machine: Machine) -> None:
    machine.stack = Stack.PLATFORM
    assert command.main(["--attach", "--drill", "hpa"]) == 0
    assert machine.did == ["attach", "drills hpa", "hand over"]


def test_what_is_kept_can_be_ended(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.left = ["mount: /somewhere"]
    assert command.main(["down"]) == 1
    assert machine.did == ["down"]
    assert "mount: /somewhere" in capsys.readouterr().out


@pytest.mark.parametrize("words", [[], ["down"]])
def test_a_run_that_is_under_way_is_left_alone(
    machine: Machine, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    with alone():
        assert command.main(words) == 1
    assert machine.did == []
    assert "another run of the end-to-end tests is under way" in capsys.readouterr().err
    assert command.main(words) == 0


def test_an_unknown_drill_starts_nothing(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["--drill", "yoga"]) == 1
    assert machine.did == []
    assert "no drill is called yoga: choose from preview, up," in capsys.readouterr().err


def test_a_machine_that_cannot_is_told_so_in_a_sentence(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(**_: object) -> None:
        raise PreconditionError("runc is missing")

    monkeypatch.setattr(machine, "up", refuse)
    assert command.main([]) == 1
    assert capsys.readouterr().err == "runc is missing\n"
