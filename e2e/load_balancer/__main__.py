"""`python -m e2e.load_balancer`: HAProxy and controller, until SIGTERM or Ctrl-C."""

import argparse
import signal
import sys
import time
from contextlib import closing
from pathlib import Path

from e2e.cluster import topology
from e2e.cluster.paths import Paths
from e2e.load_balancer.controller import Controller
from e2e.load_balancer.errors import LoadBalancerError
from e2e.load_balancer.haproxy import HAProxy
from e2e.load_balancer.kubernetes import Api
from e2e.load_balancer.running import directory_in
from e2e.load_balancer.target_group import Recording

_TICK_SECONDS = 0.5


def run(options: argparse.Namespace) -> None:
    """Serve until SIGTERM."""
    sources = [str(address) for address in topology.LOAD_BALANCER]
    recording = Recording(options.target_group, options.rules)
    with (
        closing(HAProxy(directory_in(options.state), options.port, sources)) as haproxy,
        closing(Api(Paths(options.state).pki)) as api,
    ):
        controller = Controller(api, haproxy, recording)
        while True:
            controller.tick()
            time.sleep(_TICK_SECONDS)


def main() -> int:
    # HAProxy is ended first, as after Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    parser = argparse.ArgumentParser(prog="python -m e2e.load_balancer", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="the cluster's folder")
    parser.add_argument("--target-group", type=Path, required=True, help="pattern of JSON files")
    parser.add_argument("--rules", type=Path, required=True, help="pattern of JSON files")
    parser.add_argument("--port", type=int, required=True, help="of 127.0.0.1")
    try:
        run(parser.parse_args())
    except LoadBalancerError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
