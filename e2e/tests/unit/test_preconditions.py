"""Each thing that is in the way is one sentence. None of these tests needs root."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from e2e.cluster import network, preconditions
from e2e.cluster.errors import PreconditionError
from e2e.cluster.paths import Paths


@pytest.fixture
def able(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend to be on a machine that has everything."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: name)


def test_not_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(PreconditionError, match="needs root"):
        preconditions.check(Paths(tmp_path))


@pytest.mark.usefixtures("able")
def test_a_missing_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "runc" else name)
    with pytest.raises(PreconditionError, match=r"runc is missing \(Debian's runc\): run .*sh"):
        preconditions.check(Paths(tmp_path))


@pytest.mark.parametrize(
    ("route", "sentence"),
    [
        ('[{"dst": "10.0.0.0/8", "dev": "eth0"}]', r"10\.0\.0\.0/16 is used .* dev eth0"),
        ('[{"dst": "172.20.3.4", "dev": "tun0"}]', r"172\.20\.0\.0/16 is used .* dev tun0"),
    ],
)
def test_addresses_in_use(monkeypatch: pytest.MonkeyPatch, route: str, sentence: str) -> None:
    monkeypatch.setattr(network, "run", lambda *_: route)
    with pytest.raises(PreconditionError, match=sentence):
        network.check()


def test_other_networks_are_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    routes = '[{"dst": "default", "dev": "eth0"}, {"dst": "192.0.2.0/24", "dev": "eth0"}]'
    monkeypatch.setattr(network, "run", lambda *_: routes)
    network.check()


def test_the_shell_scripts_are_well_formed() -> None:
    folder = Path(preconditions.__file__).parents[1]
    for script in sorted(folder.rglob("*.sh")):
        done = subprocess.run(["bash", "-n", script], check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
