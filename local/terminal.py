"""Directs Ctrl-C to this process only, not to make above it or to the servers below."""

import contextlib
import os
import signal
from collections.abc import Iterator


@contextlib.contextmanager
def foreground() -> Iterator[None]:
    """Be the terminal's foreground process group while the block runs.

    make dies of an interrupt with an error line and status 130 even when its recipe stops well.
    In a group of its own the platform takes the interrupt, and make sees a recipe that ended 0.
    Without a terminal this does nothing.
    """
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        yield
        return
    previous = os.tcgetpgrp(terminal)
    if previous != os.getpgrp() or os.getpid() == previous:
        # In the background, or the leader already: the terminal is not ours to take.
        os.close(terminal)
        yield
        return
    # Handing over the terminal stops a background process unless it ignores SIGTTOU. Ctrl-Z would
    # stop this group behind make's back, and the shell would wait for make forever.
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    try:
        os.setpgid(0, 0)
        os.tcsetpgrp(terminal, os.getpgrp())
        yield
    finally:
        with contextlib.suppress(OSError):  # the terminal may have been closed
            os.tcsetpgrp(terminal, previous)
        os.close(terminal)
