"""Removing a cluster, or whatever part of one a crash has left."""

import shutil
import signal
import tempfile
from contextlib import suppress
from pathlib import Path

from e2e.cluster import cgroups, leftovers, machine_settings, network, processes, topology
from e2e.cluster.errors import ClusterError
from e2e.cluster.paths import Paths

_END_SECONDS = 30


def down(paths: Paths) -> list[str]:
    """End and remove everything; gives back what could not be removed, which should be nothing.

    Needs no programs of the cluster and no working API server; may be called when there is nothing.
    """
    # SIGKILL to all at once: nothing in the cluster outlives this, and process 1 of a node takes
    # everything in the node along.
    for process in processes.marked(paths.state):
        process.send(signal.SIGKILL)
    if not processes.wait_until(lambda: not _running(paths), seconds=_END_SECONDS):
        raise ClusterError(f"cannot be ended: {', '.join(_running(paths))}")
    network.remove()
    cgroups.remove(cgroups.TREE)
    machine_settings.restore(paths.machine_settings)
    shutil.rmtree(paths.state, ignore_errors=True)
    return leftovers.find(paths)


def keep_logs(paths: Paths) -> Path:
    """Copy all logs to a new folder that outlives the cluster."""
    target = Path(tempfile.mkdtemp(prefix="observability-e2e-logs-"))
    nodes = [paths.node(node.name) / "log" for node in topology.NODES.values()]
    for source in (paths.logs, *nodes):
        if source.exists():
            # Logs of pods vanish while they are copied: a missing one must not stop the teardown.
            with suppress(OSError):
                shutil.copytree(source, target / source.relative_to(paths.state), symlinks=True)
    return target


def _running(paths: Paths) -> list[str]:
    return [process.command_line[:60] for process in processes.marked(paths.state)]
