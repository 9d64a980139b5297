"""`python -m e2e.cluster up|down|status|leftovers`."""

import argparse
import sys
import time

from e2e.cluster import cgroups, leftovers, teardown
from e2e.cluster.cluster import Cluster
from e2e.cluster.errors import ClusterError
from e2e.cluster.paths import Paths
from e2e.programs.build import BuildError


def up() -> int:
    started = time.monotonic()
    cluster = Cluster.up(say=lambda text: print(f"{time.monotonic() - started:6.1f} s  {text}"))
    print(f"export KUBECONFIG={cluster.paths.kubeconfig} PATH={cluster.tools.search_path}")
    return 0


def status() -> int:
    cluster = Cluster.attach()
    print(cluster.kubectl("get", "nodes", "--label-columns=topology.kubernetes.io/zone").rstrip())
    groups = [cgroups.CONTROL_PLANE, *(cgroups.group_of(node.name) for node in cluster.nodes())]
    for group in groups:
        print(f"{group}: {cgroups.usage(group) / 1e6:.0f} MB")
    return 0


def down() -> int:
    return _report(teardown.down(Paths()))


def list_leftovers() -> int:
    return _report(leftovers.find(Paths()))


def _report(left: list[str]) -> int:
    print("\n".join(left) or "nothing left")
    return 1 if left else 0


def main() -> int:
    commands = {"up": up, "down": down, "status": status, "leftovers": list_leftovers}
    parser = argparse.ArgumentParser(prog="python -m e2e.cluster", description=__doc__)
    parser.add_argument("command", choices=commands)
    try:
        return commands[parser.parse_args().command]()
    except (ClusterError, BuildError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
