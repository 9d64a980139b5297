"""`python -m e2e`: what it starts, leaves running, ends, and says when it cannot."""

import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from e2e import __main__ as command
from e2e.deploy.engine.stacks import Stack
from e2e.drills import runner
from e2e.drills.drill import Drill
from e2e.drills.registry import chosen
from e2e.drills.secrecy.search import Keeper
from e2e.platform import assembly
from e2e.platform.alone import alone

ALL, MONITORING = (f"{len(chosen(Keeper(), of=stack))} drills" for stack in Stack)


class FakeMachine:
    """Records what the command does, in place of all that it would start."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.did: list[str] = []
        self.passes = True
        self.signal: signal.Signals | None = None
        for module, name, does in (
            (assembly, "up", lambda *_: self._do("up")),
            (assembly, "attach", lambda: self._do("attach")),
            (assembly, "down", self._down),
            (runner, "run", self._drill),
            (command, "hand_over", lambda *_: self._do("hand over")),
            (command, "versions", lambda _: {}),
            (command, "keep_logs", lambda _: Path("/kept")),
        ):
            monkeypatch.setattr(module, name, does)
        self.cluster = self.paths = self.registry = self
        self.stack = Stack.PLATFORM

    def stop(self) -> None:
        """As a registry."""

    def _down(self, *_: object) -> list[str]:
        self._do("down")
        return []

    def _do(self, what: str) -> "FakeMachine":
        self.did.append(what)
        return self

    def _drill(self, _: object, drills: Sequence[Drill], **__: object) -> SimpleNamespace:
        self._do(f"{len(drills)} drills")
        if self.signal:
            os.kill(os.getpid(), self.signal)
            time.sleep(5)
        return SimpleNamespace(passed=self.passes, table=lambda: "")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeMachine]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(command, "_REPORT", tmp_path / "e2e.json")
    before = signal.getsignal(signal.SIGTERM)
    # A shell starts what runs in the background with SIGINT ignored, and so Python leaves it.
    interrupt = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield FakeMachine(monkeypatch)
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, before)  # the command has set its own


@pytest.mark.parametrize(
    ("flags", "passes", "did", "said"),
    [
        ([], True, ["up", ALL, "down"], "nothing is left"),
        ([], False, ["up", ALL, "down"], "logs are kept in /kept"),
        (["--drill=up", "--drill=preview"], True, ["up", "2 drills", "down"], "nothing is left"),
        (["--stack=observability"], True, ["up", MONITORING, "down"], "nothing is left"),
        (["--keep"], True, ["up", ALL, "hand over"], "written to"),
        (["--attach", "--drill=drain"], True, ["attach", "1 drills", "hand over"], "written to"),
    ],
)
def test_what_is_started_is_ended_unless_it_is_kept(
    machine: FakeMachine,
    capsys: pytest.CaptureFixture[str],
    flags: Sequence[str],
    passes: bool,
    did: Sequence[str],
    said: str,
) -> None:
    machine.passes = passes
    assert command.main(flags) == (0 if passes else 1)
    assert machine.did == did
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_whoever_is_told_to_end_takes_everything_down(
    machine: FakeMachine, number: signal.Signals
) -> None:
    machine.signal = number
    with pytest.raises(SystemExit, match=str(128 + number)):
        sys.exit(command.main([]))
    assert machine.did[-1] == "down"


@pytest.mark.parametrize("words", [[], ["down"]])
def test_a_run_that_is_under_way_is_left_alone(
    machine: FakeMachine, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    with alone():
        assert command.main(words) == 1
    assert machine.did == []
    assert "another run of the end-to-end tests is under way" in capsys.readouterr().err
    assert command.main(words) == 0


def test_an_unknown_drill_is_named_before_anything_is_started(
    machine: FakeMachine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["--drill=pod-kil"]) == 1
    assert machine.did == []
    assert "no drill is called pod-kil: choose from preview, up, " in capsys.readouterr().err
