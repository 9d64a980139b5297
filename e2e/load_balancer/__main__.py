"""`python -m e2e.load_balancer`: HAProxy, controller and webhook, until SIGTERM or Ctrl-C."""

import argparse
import asyncio
import signal
import sys
from contextlib import aclosing, closing, suppress
from pathlib import Path

from e2e.cluster import topology
from e2e.cluster.paths import Paths
from e2e.load_balancer import webhook
from e2e.load_balancer.controller import Controller
from e2e.load_balancer.errors import LoadBalancerError
from e2e.load_balancer.haproxy import HAProxy
from e2e.load_balancer.kubernetes import Api
from e2e.load_balancer.running import LoadBalancer
from e2e.load_balancer.target_group import Recording


async def run(options: argparse.Namespace) -> None:
    """Serve until cancelled."""
    load_balancer, pki = LoadBalancer(options.state), Paths(options.state).pki
    sources = [str(address) for address in topology.LOAD_BALANCER]
    recording = Recording(options.target_group, options.rules)
    with closing(HAProxy(load_balancer.directory, options.port, sources)) as haproxy:
        async with aclosing(Api(pki)) as api, asyncio.TaskGroup() as tasks:
            controller = Controller(api, haproxy, recording)
            tasks.create_task(controller.run())
            async with webhook.installed(controller.world, api, pki):
                load_balancer.announce(haproxy.url)
                await asyncio.Event().wait()


async def _run_until_told(options: argparse.Namespace) -> None:
    work = asyncio.ensure_future(run(options))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, work.cancel)
    with suppress(asyncio.CancelledError):
        await work


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m e2e.load_balancer", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="the cluster's folder")
    parser.add_argument("--target-group", type=Path, required=True, help="pattern of JSON files")
    parser.add_argument("--rules", type=Path, required=True, help="pattern of JSON files")
    parser.add_argument("--port", type=int, required=True, help="of 127.0.0.1")
    try:
        asyncio.run(_run_until_told(parser.parse_args()))
    except LoadBalancerError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
