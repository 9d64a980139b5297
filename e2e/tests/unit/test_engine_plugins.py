import lzma
import stat
from pathlib import Path

import pytest

from e2e.deploy.engine import plugins
from e2e.deploy.engine.archives import unpacked
from e2e.deploy.engine.errors import EngineError
from e2e.deploy.engine.plugins import KUBERNETES, LANGUAGE, STAND_INS, Plugins

NOWHERE = Path("/nonexistent")


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a machine without plugins and without a network; gives its shared folder."""
    shared = tmp_path / "shared"
    shared.mkdir()
    (tmp_path / "bin").mkdir()
    monkeypatch.setattr(plugins, "SHARED", shared)
    monkeypatch.setattr(plugins, "find_uv", lambda: NOWHERE / "uv")
    monkeypatch.setattr(plugins, "installed", lambda *_: (None, "no network"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return shared


def choose(real: bool | None = None) -> Plugins:
    return Plugins.choose(pulumi=NOWHERE, stand_ins=NOWHERE, real=real)


def archive(folder: Path, program: str, version: str, content: bytes = b"real") -> None:
    (folder / f"{program}-{version}.linux-amd64.xz").write_bytes(lzma.compress(content))


def executable(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    path.chmod(0o755)
    return path


def test_without_real_ones_the_stand_ins_run_and_the_reason_is_said() -> None:
    found = choose()
    assert found.directories[:2] == (STAND_INS / "language", STAND_INS / "kubernetes")
    assert found.used["kubernetes"] == "stand-in (no network)"
    assert found.used["aws"] == "stand-in"


def test_an_archive_beside_the_checkout_is_unpacked_with_its_helpers(bare_machine: Path) -> None:
    archive(bare_machine, LANGUAGE.program, LANGUAGE.version)
    (bare_machine / "pulumi-language-python-exec").write_text("helper")
    found = choose()
    directory = found.directories[0]
    assert found.used["python"] == f"real {LANGUAGE.version}"
    assert (directory / LANGUAGE.program).read_bytes() == b"real"
    assert (directory / "pulumi-language-python-exec").stat().st_mode & stat.S_IXUSR


def test_another_version_beside_the_checkout_is_not_taken(bare_machine: Path) -> None:
    archive(bare_machine, KUBERNETES.program, "0.0.1")
    assert choose().used["kubernetes"].startswith("stand-in")


def test_what_is_unpacked_follows_the_content(bare_machine: Path) -> None:
    archive(bare_machine, KUBERNETES.program, "1.0.0", b"one")
    (first,) = unpacked(bare_machine, KUBERNETES.program, "1.0.0")
    archive(bare_machine, KUBERNETES.program, "1.0.0", b"two")
    (second,) = unpacked(bare_machine, KUBERNETES.program, "1.0.0")
    assert (first.read_bytes(), second.read_bytes()) == (b"one", b"two")


def test_pulumi_home_comes_before_path(tmp_path: Path) -> None:
    name = f"resource-kubernetes-v{KUBERNETES.version}"
    own = executable(tmp_path / "home" / "plugins" / name / KUBERNETES.program)
    executable(tmp_path / "bin" / KUBERNETES.program)
    executable(tmp_path / "bin" / LANGUAGE.program)
    found = choose()
    assert found.directories[1] == own.parent
    assert found.used["kubernetes"] == f"real {KUBERNETES.version}"
    assert found.used["python"] == f"real from {tmp_path / 'bin'}"


def test_without_uv_the_real_language_host_is_of_no_use(
    bare_machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive(bare_machine, LANGUAGE.program, LANGUAGE.version)
    monkeypatch.setattr(plugins, "find_uv", lambda: None)
    assert "needs uv" in choose().used["python"]


def test_stand_ins_can_be_asked_for(bare_machine: Path) -> None:
    archive(bare_machine, KUBERNETES.program, KUBERNETES.version)
    assert choose(real=False).used["kubernetes"] == "stand-in (asked for)"


def test_real_ones_that_are_asked_for_must_be_there() -> None:
    with pytest.raises(EngineError, match="pulumi-language-python cannot be had: no network"):
        choose(real=True)
