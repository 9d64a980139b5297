"""One tree of control groups for the whole cluster, on machines with cgroup v1 and with v2.

Only folders are made and removed; what is mounted where is the machine's own business.
"""

import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path

from e2e.cluster.errors import PreconditionError

ROOT = Path("/sys/fs/cgroup")
TREE = "obs-e2e"
CONTROL_PLANE = f"{TREE}/control-plane"
_EMPTY_SECONDS = 10.0
_NEEDED = ("cpu", "memory", "pids")


def group_of(node: str) -> str:
    """Name the group of a node and all its pods, relative to the hierarchy's root."""
    return f"{TREE}/{node}"


def system_group_of(node: str) -> str:
    """Where the node's own programs run: v2 allows no process in a group that has children."""
    return f"{group_of(node)}/system"


def is_unified(root: Path = ROOT) -> bool:
    """Whether the kubelet will see cgroup v2."""
    return (root / "cgroup.controllers").exists()


def check(root: Path = ROOT) -> None:
    """Refuse a machine whose hierarchies lack a controller or cannot be written."""
    hierarchies = list(_hierarchies(root))
    if is_unified(root):
        controllers = (root / "cgroup.controllers").read_text().split()
    else:
        controllers = [hierarchy.name for hierarchy in hierarchies]
    if missing := [name for name in _NEEDED if name not in controllers]:
        raise PreconditionError(f"{root} has no cgroup controller {', '.join(missing)}: mount it")
    for hierarchy in hierarchies:
        if not os.access(hierarchy, os.W_OK):
            raise PreconditionError(
                f"{hierarchy} is read-only: the nodes need cgroups of their own"
            )


def make(group: str, root: Path = ROOT) -> None:
    for hierarchy in _hierarchies(root):
        parent = hierarchy
        for part in Path(group).parts:
            if is_unified(root):
                _delegate(parent)
            child = parent / part
            child.mkdir(exist_ok=True)
            if (parent / "cpuset.cpus").exists() and not is_unified(root):
                # v1 gives a new cpuset no processors, and a group without any admits no process.
                for file in ("cpuset.cpus", "cpuset.mems"):
                    (child / file).write_text((parent / file).read_text())
            parent = child


def entering(group: str, root: Path = ROOT) -> list[str]:
    """Prefix a command with this, and it runs in the group from its first instruction on."""
    files = " ".join(f"{hierarchy / group}/cgroup.procs" for hierarchy in _hierarchies(root))
    return ["sh", "-ec", f'for file in {files}; do echo 0 >"$file"; done; exec "$@"', "entering"]


def remove(group: str, root: Path = ROOT) -> None:
    """Remove a group and all below it; no process may be in them any more."""
    for hierarchy in _hierarchies(root):
        top = hierarchy / group
        folders = [path for path in top.rglob("*") if path.is_dir()] if top.exists() else []
        for folder in sorted(folders, key=lambda path: len(path.parts), reverse=True):
            _remove_empty(folder)
        if top.exists():
            _remove_empty(top)


def existing(root: Path = ROOT) -> list[Path]:
    return [hierarchy / TREE for hierarchy in _hierarchies(root) if (hierarchy / TREE).exists()]


def usage(group: str, root: Path = ROOT) -> int:
    """Bytes that the group's processes hold, without page cache that can be dropped."""
    if is_unified(root):
        stat, field = root / group / "memory.stat", "anon"
    else:
        stat, field = root / "memory" / group / "memory.stat", "total_rss"
    values = dict(line.split() for line in stat.read_text().splitlines())
    return int(values[field])


def _remove_empty(folder: Path) -> None:
    """Wait for the kernel: a process that has ended leaves its group a moment later."""
    deadline = time.monotonic() + _EMPTY_SECONDS
    while True:
        try:
            folder.rmdir()
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _hierarchies(root: Path) -> Iterator[Path]:
    if is_unified(root):
        yield root
        return
    for folder in sorted(root.iterdir()):
        # A v2 hierarchy mounted beside v1 has no `tasks` file. It is not used.
        if not folder.is_symlink() and (folder / "tasks").exists():
            yield folder


def _delegate(parent: Path) -> None:
    available = (parent / "cgroup.controllers").read_text().split()
    enabled = (parent / "cgroup.subtree_control").read_text().split()
    if missing := [name for name in available if name not in enabled]:
        (parent / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in missing))
