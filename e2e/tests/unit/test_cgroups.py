"""On plain folders: the machine at hand has one version of cgroups, the code serves two."""

from pathlib import Path

import pytest

from e2e.cluster import cgroups
from e2e.cluster.errors import PreconditionError


@pytest.fixture
def version_1(tmp_path: Path) -> Path:
    for name in ("cpu", "cpuset", "memory", "pids"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tasks").touch()
    (tmp_path / "cpuset/cpuset.cpus").write_text("0-1\n")
    (tmp_path / "cpuset/cpuset.mems").write_text("0\n")
    (tmp_path / "unified").mkdir()  # a v2 hierarchy beside them, which nobody uses
    return tmp_path


def test_v1_has_a_group_in_every_hierarchy_with_the_parents_processors(version_1: Path) -> None:
    cgroups.check(version_1)
    cgroups.make("obs/node", version_1)
    assert (version_1 / "memory/obs/node").is_dir()
    assert (version_1 / "cpuset/obs/node/cpuset.cpus").read_text() == "0-1\n"
    assert not (version_1 / "unified/obs").exists()
    [script] = [word for word in cgroups.entering("obs/node", version_1) if "cgroup.procs" in word]
    assert all(f"{version_1}/{name}/obs/node/" in script for name in ("cpu", "cpuset", "pids"))


def test_v2_hands_controllers_down(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids\n")
    (tmp_path / "cgroup.subtree_control").write_text("cpu\n")
    cgroups.check(tmp_path)
    # The kernel makes a new group's files, a folder has none.
    with pytest.raises(FileNotFoundError):
        cgroups.make("obs/node", tmp_path)
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+memory +pids"


def test_a_missing_controller_is_named(version_1: Path) -> None:
    (version_1 / "pids/tasks").unlink()
    with pytest.raises(PreconditionError, match="no cgroup controller pids: mount it"):
        cgroups.check(version_1)
