"""Whatever goes wrong on the way, the cluster is taken down and nothing runs on."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from e2e.cluster import processes, teardown
from e2e.cluster.paths import Paths
from e2e.deploy.cloud.errors import Rejected
from e2e.deploy.engine.cli import Cli
from e2e.deploy.engine.errors import EngineError
from e2e.platform import assembly
from tests.support.shebang import shebang

PATIENT = f"""{shebang()}
import pathlib, signal, sys, time
def end(*_):
    pathlib.Path("recorded").touch()
    sys.exit(1)
signal.signal(signal.SIGINT, end)
time.sleep(60)
"""
# Starts a child as the engine starts its plugins, and waits for it.
ENGINE = f"""{shebang()}
import subprocess, sys
subprocess.run([sys.executable, "-c", "import time; time.sleep(60)"])
"""


def test_logs_that_vanish_do_not_keep_the_end_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def vanish(*_: object, **__: object) -> None:
        raise shutil.Error([("pod.log", "copy of pod.log", "no such file")])

    paths = Paths(tmp_path)
    paths.logs.mkdir()
    monkeypatch.setattr(shutil, "copytree", vanish)
    kept = teardown.keep_logs(paths)
    assert kept.is_dir()
    kept.rmdir()


def test_a_database_that_does_not_end_does_not_keep_the_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise Rejected("pg_ctl: server does not shut down")

    ended: list[Paths] = []
    paths = Paths(tmp_path)
    (tmp_path / "world").mkdir()
    monkeypatch.setattr(assembly, "World", lambda _: SimpleNamespace(down=refuse))
    monkeypatch.setattr(teardown, "down", ended.append)
    with pytest.raises(Rejected):
        assembly.down(paths)
    assert ended == [paths]


@pytest.mark.parametrize(("program", "recorded"), [(ENGINE, False), (PATIENT, True)])
def test_an_engine_that_does_not_end_is_killed_with_its_plugins(
    tmp_path: Path, program: str, recorded: bool
) -> None:
    """In an account it may first record what it has begun."""
    file = tmp_path / "pulumi"
    file.write_text(program)
    file.chmod(0o755)
    environment = {processes.MARK: str(tmp_path)}
    patience = 30 if recorded else 0
    engine = Cli(file, tmp_path, environment, tmp_path / "logs", {"up": 1}, patience)
    with pytest.raises(EngineError, match=r"pulumi up did not end in 1 s: see .*001-up.log"):
        engine.run("up")
    assert (tmp_path / "recorded").exists() is recorded
    assert processes.wait_until(lambda: not list(processes.marked(tmp_path)), seconds=5)
