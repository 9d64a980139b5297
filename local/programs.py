"""What the supervisor runs: plain descriptions, no processes."""

import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from local.accounts import Account

CHECKOUT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable


@dataclass(frozen=True, kw_only=True)
class Program:
    """A command, and how to tell that it is ready and ask it to stop."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    # Takes the process id. None: the program runs to its end (a migration) instead of serving.
    is_ready: Callable[[int], bool] | None = None
    ready_within_seconds: float = 60
    stop_signal: signal.Signals = signal.SIGTERM
    stop_within_seconds: float = 10
    account: Account | None = None
    # Text for standard input; a program without it reads nothing.
    stdin: str = ""
