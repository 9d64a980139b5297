"""Each thing that is in the way is one sentence, and early. None of these tests needs root."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path

import pytest

from e2e.cluster import leftovers, network
from e2e.cluster import preconditions as of_cluster
from e2e.cluster.errors import PreconditionError
from e2e.cluster.paths import Paths
from e2e.deploy.cloud import postgres
from e2e.platform import preconditions

PATHS = Paths(Path("/nowhere"))


@pytest.fixture(autouse=True)
def able(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Pretend to be on a machine that has everything."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: name)
    monkeypatch.setattr(of_cluster, "_KERNEL_FILES", {})
    monkeypatch.setattr(of_cluster, "check", lambda _: None)
    monkeypatch.setattr(leftovers, "find", lambda _: [])
    monkeypatch.setattr(pwd, "getpwnam", lambda name: name)
    monkeypatch.setattr(preconditions, "find_uv", lambda: Path("/uv"))
    monkeypatch.setattr(postgres, "BINARIES", tmp_path)
    (tmp_path / "initdb").touch()


def refused(sentence: str) -> None:
    with pytest.raises(PreconditionError, match=sentence):
        preconditions.check(PATHS)


def test_a_machine_that_has_everything() -> None:
    preconditions.check(PATHS)


def test_not_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    refused("needs root")


@pytest.mark.parametrize("program", ["runc", "debootstrap"])
def test_a_missing_program(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None if name == program else name)
    refused(rf"{program} is missing \(Debian's {program}\): run .*packages.sh")


def test_no_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preconditions, "find_uv", lambda: None)
    refused("uv is neither on PATH nor in .local/tools: run `make setup`")


def test_what_an_earlier_run_left_is_not_in_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """The addresses are in use, by ourselves: `up` removes that first, and then looks again."""

    def in_use(_: Paths) -> None:
        raise PreconditionError("10.0.0.0/16 is used on this machine")

    monkeypatch.setattr(of_cluster, "check", in_use)
    refused("10.0.0.0/16 is used")
    monkeypatch.setattr(leftovers, "find", lambda _: ["link: obs-vpc"])
    preconditions.check(PATHS)


@pytest.mark.parametrize(
    ("route", "sentence"),
    [
        ('{"dst": "10.0.0.0/8", "dev": "eth0"}', r"10\.0\.0\.0/16 is used .* dev eth0"),
        ('{"dst": "172.20.3.4", "dev": "tun0"}', r"172\.20\.0\.0/16 is used .* dev tun0"),
        ('{"dst": "192.0.2.0/24", "dev": "eth0"}', ""),
    ],
)
def test_addresses_in_use(monkeypatch: pytest.MonkeyPatch, route: str, sentence: str) -> None:
    monkeypatch.setattr(network, "run", lambda *_: f'[{{"dst": "default"}}, {route}]')
    if sentence:
        with pytest.raises(PreconditionError, match=sentence):
            network.check()
    else:
        network.check()


def test_the_shell_scripts_are_well_formed() -> None:
    for script in sorted(Path(of_cluster.__file__).parents[1].rglob("*.sh")):
        done = subprocess.run(["bash", "-n", script], check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
