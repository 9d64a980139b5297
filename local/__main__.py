"""`make up`: run the platform until it is asked to stop."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from datetime import UTC, datetime

from local.errors import PlatformError
from local.leftovers import end_leftovers
from local.lock import StateLock
from local.options import Options, parse_options
from local.ports import ChosenPorts
from local.processes import Supervisor
from local.startup import Startup, choose_ports, find_monitoring
from local.state import State, open_state
from local.terminal import foreground
from local.welcome import welcome

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PARENT_POLL_SECONDS = 0.5
# One request to stop may arrive twice: through the process group, and forwarded by make.
_IMPATIENCE_SECONDS = 1


def main() -> int:
    """Return the exit status: 0 after a requested stop, 1 after an error."""
    options = parse_options()
    try:
        state = open_state(options.state)
        with foreground(), StateLock(state.lock, tell=_tell) as lock:
            asyncio.run(_run(options, state, lock))
    except PlatformError as error:
        _write(sys.stderr.fileno(), f"error: {error}\n")
        return 1
    return 0


async def _run(options: Options, state: State, lock: StateLock) -> None:
    supervisor = Supervisor(state.logs, tell=_tell)
    stop = _stop_requested(supervisor)
    serving = asyncio.create_task(_serve(options, state, supervisor))
    ends = {serving, asyncio.create_task(stop.wait())}
    if options.stop_with_parent:
        ends.add(asyncio.create_task(_parent_gone(os.getppid())))
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    lock.mark_stopping()
    _tell("stopping")
    for task in ends:
        task.cancel()
    failures = await asyncio.gather(*ends, return_exceptions=True)
    await supervisor.stop()
    for failure in failures:
        if isinstance(failure, Exception):
            raise failure
    _tell(f"stopped, the data is kept in {state.root}")


async def _serve(options: Options, state: State, supervisor: Supervisor) -> None:
    """Start everything, then raise when a part of it ends by itself."""
    left = end_leftovers(state)
    if left:
        _tell(f"the last run did not stop cleanly: ended {', '.join(left)}")
    with ChosenPorts() as chosen:
        ports, monitoring = choose_ports(options, chosen), find_monitoring()
        _tell(f"starting the platform, state in {state.root}")
        started = time.monotonic()
        await Startup(
            options=options,
            state=state,
            ports=ports,
            monitoring=monitoring,
            supervisor=supervisor,
            tell=_tell,
        ).run()
    _tell(f"the platform is ready after {time.monotonic() - started:.1f} s\n")
    _tell(welcome(state, ports, monitoring, now=datetime.now(UTC)))
    raise PlatformError(await supervisor.first_death())


def _stop_requested(supervisor: Supervisor) -> asyncio.Event:
    """Return an event that a signal sets; a later second signal kills what still runs."""
    requested = asyncio.Event()
    since = 0.0

    def on_signal() -> None:
        nonlocal since
        if not requested.is_set():
            since = time.monotonic()
            requested.set()
        elif time.monotonic() - since > _IMPATIENCE_SECONDS:
            supervisor.stop_now()

    loop = asyncio.get_running_loop()
    for number in _STOP_SIGNALS:
        loop.add_signal_handler(number, on_signal)
    return requested


async def _parent_gone(parent: int) -> None:
    while os.getppid() == parent:  # noqa: ASYNC110 - the kernel sends no event
        await asyncio.sleep(_PARENT_POLL_SECONDS)


def _tell(line: str) -> None:
    _write(sys.stdout.fileno(), f"{line}\n")


def _write(descriptor: int, text: str) -> None:
    """Write unbuffered, and ignore a closed terminal or pipe, so that the stop stays clean."""
    with contextlib.suppress(OSError):
        os.write(descriptor, text.encode())


if __name__ == "__main__":
    sys.exit(main())
