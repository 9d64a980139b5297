"""What the platform needs beside the cluster: each gap is one sentence, and early."""

import pwd
import shutil
from pathlib import Path

import pytest

from e2e.cluster import leftovers
from e2e.cluster import preconditions as of_cluster
from e2e.cluster.errors import PreconditionError
from e2e.cluster.paths import Paths
from e2e.deploy.cloud import environment
from e2e.platform import preconditions


@pytest.fixture
def able(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Pretend to be on a machine that has everything; gives PostgreSQL's folder."""
    for name in ("check", "check_machine"):
        monkeypatch.setattr(of_cluster, name, lambda *_: None)
    monkeypatch.setattr(leftovers, "find", lambda _: [])
    monkeypatch.setattr(shutil, "which", lambda name: name)
    monkeypatch.setattr(pwd, "getpwnam", lambda name: name)
    monkeypatch.setattr(preconditions, "find_uv", lambda: Path("/uv"))
    monkeypatch.setattr(environment, "postgres_binaries", lambda: tmp_path)
    (tmp_path / "initdb").touch()
    return tmp_path


def refused(sentence: str) -> None:
    with pytest.raises(PreconditionError, match=sentence):
        preconditions.check(Paths(Path("/nowhere")))


def test_a_machine_that_has_everything(able: Path) -> None:
    preconditions.check(Paths(able))


@pytest.mark.usefixtures("able")
def test_no_program_to_build_the_image_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "debootstrap" else name)
    refused(r"debootstrap is missing \(Debian's debootstrap\): run .*packages.sh")


@pytest.mark.usefixtures("able")
def test_no_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preconditions, "find_uv", lambda: None)
    refused("uv is neither on PATH nor in .local/tools: run `make setup`")


def test_what_an_earlier_run_left_is_not_in_the_way(
    able: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The addresses are in use, by ourselves: `up` removes that first, and then looks again."""

    def in_use(_: Paths) -> None:
        raise PreconditionError("10.0.0.0/16 is used on this machine")

    monkeypatch.setattr(of_cluster, "check", in_use)
    refused("10.0.0.0/16 is used")
    monkeypatch.setattr(leftovers, "find", lambda _: ["link: obs-vpc"])
    preconditions.check(Paths(able))
