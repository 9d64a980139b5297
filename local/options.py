"""The command line of `python -m local`."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from local.intervals import Intervals

_DURATION = re.compile(r"(\d+(ms|[smhdwy]))+")


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a person may choose. A port of None is the usual one, or the next that is free."""

    port: int
    state: Path
    worker_port: int | None
    prometheus_port: int | None
    alertmanager_port: int | None
    stop_with_parent: bool
    intervals: Intervals


def parse_options(arguments: Sequence[str] | None = None) -> Options:
    """Exit with status 2 and a sentence when an argument is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m local",
        description="Run the platform on this machine until Ctrl-C. Data is kept between starts.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=8000, help="port of the console and the API")
    parser.add_argument("--state", type=path, default=Path(".local"), help="state directory")
    for name, usual in (("worker", 8001), ("prometheus", 9090), ("alertmanager", 9093)):
        parser.add_argument(
            f"--{name}-port", type=int, help=f"default: {usual}, or the next free port"
        )
    parser.add_argument(
        "--stop-with-parent",
        action="store_true",
        help="stop when the process that started this one is gone",
    )
    for field in fields(Intervals):
        parser.add_argument(
            f"--{field.name.replace('_', '-')}",
            type=_duration,
            default=field.default,
            help="of Prometheus and Alertmanager",
        )
    chosen = vars(parser.parse_args(arguments))
    intervals = Intervals(**{field.name: chosen.pop(field.name) for field in fields(Intervals)})
    return Options(**chosen, intervals=intervals)


def path(text: str, *, setting: str = "STATE", what: str = "directory") -> Path:
    """Read a path of the command line; make gives an empty one for a setting without a value."""
    if not text:
        raise argparse.ArgumentTypeError(f"{setting} is empty: name a {what}")
    return Path(text)


def _duration(text: str) -> str:
    if not _DURATION.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a duration: write 5s or 1m30s, for example"
        )
    return text
