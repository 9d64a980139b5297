"""Runs the Pulumi CLI: one log file a command, no account, no secret in an argument."""

import itertools
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from e2e.deploy.engine.errors import EngineError
from e2e.deploy.engine.running import Started

# `pulumi up` of everything takes minutes; a release that does not become ready ends after 15.
_SECONDS = 30 * 60
_FIRST_ERRORS = 5
_LAST_LINES = 25


@dataclass(frozen=True, slots=True)
class Completed:
    code: int
    text: str
    seconds: float
    log: Path

    @property
    def events(self) -> Path:
        return _events(self.log)


@dataclass(frozen=True, slots=True)
class Cli:
    program: Path
    directory: Path
    environment: Mapping[str, str]
    logs: Path
    limits: Mapping[str, float] = field(default_factory=dict)  # seconds, by command
    # Seconds in which a command that is to end may finish what it has begun: in an account, what
    # the state does not have yet would be lost.
    patience: float = 0
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def run(self, *arguments: str, ok: bool | None = True, events: bool = False) -> Completed:
        """Run to its end; unless `ok` is None, another end than the one asked for is an error."""
        began, limit = time.monotonic(), self.limits.get(arguments[0], _SECONDS)
        started = self.start(*arguments, events=events)
        try:
            code = started.process.wait(limit)
        except BaseException as error:
            self._end(started.process)
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            raise EngineError(
                f"pulumi {arguments[0]} did not end in {limit:.0f} s: see {started.log}"
            ) from None
        text = started.log.read_text(errors="replace")
        done = Completed(code, text, time.monotonic() - began, started.log)
        if ok is not None and ok != (code == 0):
            raise EngineError(_unexpected(arguments, done))
        return done

    def start(self, *arguments: str, events: bool = False) -> Started:
        """Start it in a session of its own; its output goes to the log."""
        log = self._next_log(arguments[0])
        command = [str(self.program), *arguments, "--non-interactive", "--color=never"]
        if events:
            command.append(f"--event-log={_events(log)}")
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=self.directory,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return Started(process, log)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """End it: it has a session of its own, so Ctrl-C does not reach it."""
        try:
            if self.patience:
                process.send_signal(signal.SIGINT)
                process.wait(self.patience)
        except subprocess.TimeoutExpired:
            pass
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _next_log(self, command: str) -> Path:
        self.logs.mkdir(parents=True, exist_ok=True)
        names = (self.logs / f"{number:03}-{command}.log" for number in self._numbers)
        # Another process may have run commands before this one attached.
        return next(name for name in names if not list(self.logs.glob(f"{name.name[:4]}*")))


def _events(log: Path) -> Path:
    return log.with_suffix(".events.json")


def _unexpected(arguments: tuple[str, ...], done: Completed) -> str:
    end = "succeeded, which it must not" if done.code == 0 else f"ended with {done.code}"
    lines = done.text.rstrip().splitlines()
    # Python's traces are long, and what is wrong stands before them.
    errors = [line.strip() for line in lines[:-_LAST_LINES] if "error: " in line]
    shown = "\n".join([*errors[:_FIRST_ERRORS], *lines[-_LAST_LINES:]])
    return f"pulumi {arguments[0]} {end} (whole log: {done.log}):\n{shown}"
