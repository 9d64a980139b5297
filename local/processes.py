"""The supervisor: starts programs in order, waits until each is ready, stops them in reverse."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from local.accounts import launch_prefix
from local.errors import PlatformError
from local.programs import CHECKOUT, Program

_POLL_SECONDS = 0.05
_PROGRESS_SECONDS = 5
_LOG_TAIL_LINES = 15
_LOG_TAIL_BYTES = 16_384


@dataclass(frozen=True)
class Running:
    """A program that was started; its process may have ended."""

    program: Program
    process: asyncio.subprocess.Process
    log: Path


class Supervisor:
    """Owns the processes of one platform.

    They share one process group, apart from the supervisor's own, so that an interrupt at the
    terminal reaches only the supervisor, which then stops them in order.
    """

    def __init__(self, logs: Path, *, tell: Callable[[str], None]) -> None:
        self._logs = logs
        self._tell = tell
        self._running: list[Running] = []
        self._force = asyncio.Event()

    async def start(self, program: Program) -> None:
        """Start a server and return when it is ready."""
        await self.wait_until_ready(await self.launch(program))

    async def launch(self, program: Program) -> Running:
        """Start a server without waiting for it."""
        running = await self._spawn(program)
        self._running.append(running)
        return running

    async def wait_until_ready(self, running: Running) -> None:
        program = running.program
        is_ready = program.is_ready or (lambda _: True)
        started = time.monotonic()
        next_word = started + _PROGRESS_SECONDS
        while not await asyncio.to_thread(is_ready, running.process.pid):
            now = time.monotonic()
            if running.process.returncode is not None:
                raise PlatformError(_died(running))
            if now - started > program.ready_within_seconds:
                raise PlatformError(
                    f"{program.name} was not ready within {program.ready_within_seconds:.0f} s"
                    f"{_log_tail(running.log)}"
                )
            if now > next_word:
                self._tell(f"still waiting for {program.name} ({now - started:.0f} s)")
                next_word = now + _PROGRESS_SECONDS
            await asyncio.sleep(_POLL_SECONDS)

    async def run(self, program: Program) -> None:
        """Run a program to its end; it must succeed."""
        running = await self._spawn(program)
        self._running.append(running)
        started = time.monotonic()
        waiting = asyncio.create_task(self._communicate(running))
        while not (await asyncio.wait({waiting}, timeout=_PROGRESS_SECONDS))[0]:
            self._tell(f"still waiting for {program.name} ({time.monotonic() - started:.0f} s)")
        self._running.remove(running)
        await waiting
        if running.process.returncode != 0:
            raise PlatformError(_died(running))

    async def first_death(self) -> str:
        """Wait until a server ends by itself and return a sentence that says which."""
        waiting = {
            asyncio.create_task(running.process.wait()): running for running in self._running
        }
        try:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        return _died(waiting[done.pop()])

    def stop_now(self) -> None:
        """End a stop that takes too long: kill what is left."""
        self._force.set()

    async def stop(self) -> None:
        """Stop every process, the last started first. Nothing is left when this returns."""
        for running in reversed(self._running):
            await self._stop_one(running)
        self._running.clear()

    async def _stop_one(self, running: Running) -> None:
        if running.process.returncode is not None:
            return
        _signal_process(running, running.program.stop_signal)
        ended = asyncio.create_task(running.process.wait())
        forced = asyncio.create_task(self._force.wait())
        await asyncio.wait(
            {ended, forced},
            timeout=running.program.stop_within_seconds,
            return_when=asyncio.FIRST_COMPLETED,
        )
        forced.cancel()
        if not ended.done():
            self._tell(f"{running.program.name} did not stop in time and was killed")
            _signal_process(running, signal.SIGKILL)
        await ended

    async def _spawn(self, program: Program) -> Running:
        log = self._logs / f"{program.name}.log"
        if log.exists():
            log.replace(log.with_suffix(".previous.log"))
        prefix = launch_prefix(program.account, on_parent_death=program.stop_signal)
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *prefix,
                *program.command,
                env=dict(program.environment),
                cwd=CHECKOUT,
                stdin=asyncio.subprocess.PIPE if program.stdin else asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                process_group=self._group(),
            )
        return Running(program, process, log)

    def _group(self) -> int:
        """The process group to join: that of the first server, or 0 to found one."""
        for running in self._running:
            if running.process.returncode is None:
                return os.getpgid(running.process.pid)
        return 0

    async def _communicate(self, running: Running) -> None:
        text = running.program.stdin
        await running.process.communicate(text.encode() if text else None)


def _died(running: Running) -> str:
    status = running.process.returncode
    how = (
        f"was ended by {signal.Signals(-status).name}"
        if status is not None and status < 0
        else f"ended with status {status}"
    )
    return f"{running.program.name} {how}{_log_tail(running.log)}"


def _log_tail(log: Path) -> str:
    """The last lines of a log, indented below the sentence that quotes them."""
    with log.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _LOG_TAIL_BYTES))
        lines = file.read().decode(errors="replace").splitlines()
    quoted = "".join(f"\n    {line}" for line in lines[-_LOG_TAIL_LINES:])
    return f", {log} ends with:{quoted}" if quoted else f" and wrote nothing to {log}"


def _signal_process(running: Running, number: signal.Signals) -> None:
    try:
        running.process.send_signal(number)
    except ProcessLookupError:
        return
