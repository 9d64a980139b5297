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


@pytest.fixture
def version_2(tmp_path: Path) -> Path:
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids\n")
    (tmp_path / "cgroup.subtree_control").write_text("cpu\n")
    return tmp_path


def test_v1_has_a_group_in_every_hierarchy_with_the_parents_processors(version_1: Path) -> None:
    cgroups.check(version_1)
    cgroups.make("obs/node", version_1)
    assert (version_1 / "memory/obs/node").is_dir()
    assert (version_1 / "cpuset/obs/node/cpuset.cpus").read_text() == "0-1\n"
    assert not (version_1 / "unified/obs").exists()


def test_v2_hands_controllers_down(version_2: Path) -> None:
    cgroups.check(version_2)
    with pytest.raises(
        FileNotFoundError
    ):  # the kernel makes a new group's files, a folder has none
        cgroups.make("obs/node", version_2)
    assert (version_2 / "cgroup.subtree_control").read_text() == "+memory +pids"


def test_a_command_enters_all_hierarchies_before_it_runs(version_1: Path) -> None:
    prefix = cgroups.entering("obs/node", version_1)
    for name in ("cpu", "cpuset", "memory", "pids"):
        assert f"{version_1}/{name}/obs/node/cgroup.procs" in prefix[2]


def test_a_missing_controller_is_named(version_1: Path) -> None:
    (version_1 / "pids/tasks").unlink()
    with pytest.raises(PreconditionError, match="no cgroup controller pids: mount it"):
        cgroups.check(version_1)


def test_removal_takes_what_is_below_and_leaves_the_rest(version_1: Path) -> None:
    for hierarchy in ("cpu", "memory"):
        (version_1 / hierarchy / "obs/node/pods").mkdir(parents=True)
        (version_1 / hierarchy / "other").mkdir()
    cgroups.remove("obs", version_1)
    assert not (version_1 / "cpu/obs").exists()
    assert (version_1 / "memory/other").is_dir()
