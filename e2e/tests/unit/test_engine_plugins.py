from importlib import metadata
from pathlib import Path

import pytest

from e2e.deploy.engine import plugins
from e2e.deploy.engine.plugins import FAKE_HOST, Plugins

FAKES = Path("/nonexistent")


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "find_uv", lambda: FAKES / "uv")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))


def executable(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    path.chmod(0o755)
    return path.parent


def test_without_a_real_language_host_the_fake_one_runs() -> None:
    chosen = Plugins.choose(fakes=FAKES)
    assert chosen.directories == (FAKE_HOST, FAKES)
    assert (FAKE_HOST / "pulumi-language-python").is_file()
    assert chosen.used["python"].startswith("fake")
    assert chosen.used["aws"] == "fake"


def test_pulumi_home_comes_before_path(tmp_path: Path) -> None:
    on_path = executable(tmp_path / "bin" / "pulumi-language-python")
    assert Plugins.choose(fakes=FAKES).directories == (on_path, FAKES)
    version = metadata.version("pulumi")
    folder = tmp_path / "home" / "plugins" / f"language-python-v{version}"
    in_home = executable(folder / "pulumi-language-python")
    assert Plugins.choose(fakes=FAKES).directories == (in_home, FAKES)


def test_without_uv_a_real_language_host_is_of_no_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executable(tmp_path / "bin" / "pulumi-language-python")
    monkeypatch.setattr(plugins, "find_uv", lambda: None)
    assert Plugins.choose(fakes=FAKES).directories == (FAKE_HOST, FAKES)
