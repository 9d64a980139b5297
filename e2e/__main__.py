"""`python -m e2e`: the platform on this machine, and the drills. `make e2e` runs it."""

import argparse
import signal
import sys
import time
from collections.abc import Callable, Sequence

from e2e.cluster.errors import ClusterError
from e2e.cluster.paths import DEFAULT_STATE, Paths
from e2e.cluster.teardown import keep_logs
from e2e.deploy.cloud.errors import StandInError
from e2e.deploy.engine.errors import EngineError
from e2e.deploy.engine.stacks import Stack
from e2e.deploy.image.errors import ImageError
from e2e.drills.registry import SUBSETS, UnknownDrillError
from e2e.drills.session import check_names, forget_report, run_drills
from e2e.load_balancer.errors import EntranceError
from e2e.platform import assembly
from e2e.platform.alone import alone
from e2e.platform.errors import PlatformError
from e2e.platform.handover import hand_over
from e2e.platform.platform import Platform
from e2e.platform.versions import versions
from e2e.programs.build import BuildError

# Whatever the reader can act on; anything else is a mistake of ours and comes with its traceback.
_ERRORS = (
    BuildError,
    ClusterError,
    EngineError,
    EntranceError,
    ImageError,
    PlatformError,
    StandInError,
    UnknownDrillError,
)


def run(options: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Bring up, drill, and take down unless it is to be kept; 1 when a drill failed."""
    if options.attach:
        platform = Platform.attach()
        check_names(options.drill, subset=options.subset, stack=platform.stack)
        forget_report()
    else:
        check_names(options.drill, subset=options.subset, stack=options.stack)
        forget_report()
        platform = Platform.up(stack=options.stack, say=say)
    kept, passed = options.keep or options.attach, False
    try:
        passed = run_drills(
            platform, options.drill, subset=options.subset, versions=versions(platform), say=say
        )
        if kept:
            hand_over(platform, say)
    finally:
        if not passed:
            say(f"logs are kept in {keep_logs(platform.cluster.paths)}")
        if not kept:
            _report(platform.down(), say)
    return 0 if passed else 1


def down(_: argparse.Namespace, say: Callable[[str], None]) -> int:
    """End what `--keep` left."""
    left = assembly.down(Paths(DEFAULT_STATE))
    _report(left, say)
    return 1 if left else 0


def _report(left: Sequence[str], say: Callable[[str], None]) -> None:
    say("\n".join(["this is left on the machine:", *left]) if left else "nothing is left")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m e2e", description=__doc__)
    parser.add_argument("command", nargs="?", choices=("run", "down"), default="run")
    parser.add_argument(
        "--stack",
        type=Stack,
        choices=tuple(Stack),
        default=Stack.PLATFORM,
        help="what is deployed: the platform alone, or with its monitoring stack",
    )
    parser.add_argument("--drill", action="append", default=[], metavar="NAME", help="only this")
    parser.add_argument("--subset", default="", choices=("", *SUBSETS), help="a shorter run")
    parser.add_argument("--keep", action="store_true", help="leave it running, and say how to use")
    parser.add_argument(
        "--attach", action="store_true", help="use what --keep left, as it is, and leave it again"
    )
    return parser


def _clock() -> Callable[[str], None]:
    """Print with the minutes and seconds since the start."""
    began = time.monotonic()

    def say(text: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - began), 60)
        print(f"{minutes:3}:{seconds:02}  {text}", flush=True)

    return say


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    # Told to end, it takes everything down first, as after Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        with alone():
            return {"run": run, "down": down}[options.command](options, _clock())
    except _ERRORS as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main())
