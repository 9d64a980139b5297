"""`python -m e2e`: the platform on this machine, and the drills. `make e2e` runs it."""

import argparse
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from e2e.account import run as account
from e2e.cluster.errors import ClusterError
from e2e.cluster.teardown import keep_logs
from e2e.deploy.cloud.errors import CloudError
from e2e.deploy.engine.errors import EngineError
from e2e.deploy.engine.stacks import Stack
from e2e.deploy.image.errors import ImageError
from e2e.drills import runner
from e2e.drills.registry import SUBSETS, UnknownDrillError, chosen
from e2e.drills.secrecy.search import Keeper
from e2e.load_balancer.errors import LoadBalancerError
from e2e.platform import assembly
from e2e.platform.alone import alone
from e2e.platform.errors import PlatformError
from e2e.platform.handover import hand_over
from e2e.platform.versions import versions
from e2e.programs.build import BuildError
from infra.plan.leftovers import AskError

_REPORT = Path(__file__).parents[1] / "build" / "e2e.json"
# The reader can act on these; any other error is a mistake of ours and comes with its traceback.
_ERRORS = (
    AskError,
    BuildError,
    ClusterError,
    EngineError,
    LoadBalancerError,
    ImageError,
    PlatformError,
    CloudError,
    UnknownDrillError,
)


def run(options: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Bring up, drill, and take down unless it is to be kept; 1 when a drill failed."""
    if options.cloud == "aws":
        return _run_on_aws(options, say)
    keeper = Keeper()
    attached = assembly.attach() if options.attach else None
    stack = attached.stack if attached else options.stack
    drills = chosen(keeper, options.drill, subset=options.subset, of=stack)
    _REPORT.unlink(missing_ok=True)  # else an earlier run's report would stay
    platform = attached or assembly.up(stack, say)
    kept, passed = options.keep or options.attach, False
    try:
        report = runner.run(
            platform,
            drills,
            versions=versions(platform),
            file=_REPORT,
            say=say,
            afterwards=keeper.collect,
        )
        passed = report.passed
        say(f"\n{report.table()}\nwritten to {_REPORT}")
        if kept:
            hand_over(platform, say)
    finally:
        if not passed:
            say(f"logs are kept in {keep_logs(platform.cluster.paths)}")
        if not kept:
            platform.registry.stop()
            _report(assembly.down(platform.cluster.paths), say)
    return 0 if passed else 1


def _run_on_aws(options: argparse.Namespace, say: Callable[[str], None]) -> int:
    if options.keep or options.attach:
        raise PlatformError("a run on AWS always destroys what it has deployed: leave KEEP out")
    names, subset = options.drill, options.subset or "account"
    drills = chosen(Keeper(), names, subset=subset, of=options.stack, anywhere=True)
    _REPORT.unlink(missing_ok=True)
    return account.run(options.stack, drills, _REPORT, say)


def down(options: argparse.Namespace, say: Callable[[str], None]) -> int:
    """End what `--keep` left, or a run on AWS that was killed."""
    if options.cloud == "aws":
        return account.down(say)
    left = assembly.down()
    _report(left, say)
    return 1 if left else 0


def _report(left: Sequence[str], say: Callable[[str], None]) -> None:
    say("\n".join(["this is left on the machine:", *left]) if left else "nothing is left")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m e2e", description=__doc__)
    parser.add_argument("command", nargs="?", choices=("run", "down"), default="run")
    parser.add_argument(
        "--cloud",
        choices=("fake", "aws"),
        default="fake",
        help="aws: a real account, with the credentials of the AWS CLI; it asks first",
    )
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
    # On SIGTERM everything is taken down first, as after Ctrl-C.
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
