"""`python -m e2e.load_balancer`: the load balancer stand-in, until SIGTERM or Ctrl-C."""

import argparse
import asyncio
import contextlib
import signal
import sys
from pathlib import Path

from e2e.load_balancer.errors import EntranceError
from e2e.load_balancer.process import Options, run


async def _run_until_told(options: Options) -> None:
    work = asyncio.ensure_future(run(options))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await work


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m e2e.load_balancer", description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--target-group", type=Path, required=True, help="JSON; may come later")
    parser.add_argument("--state", type=Path, required=True, help="folder for its own files")
    parser.add_argument("--port", type=int, default=0, help="of 127.0.0.1; 0 takes a free one")
    parser.add_argument("--lag", type=float, default=2.0, help="seconds; default: %(default)s")
    arguments = parser.parse_args()
    try:
        asyncio.run(_run_until_told(Options(**vars(arguments))))
    except EntranceError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
