"""A missing prerequisite is one clear sentence and a status that is not 0."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.local_platform import CHECKOUT

_SHELL_TOOLS = ("dirname", "mkdir", "chmod", "env")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Only what the bootstrap reads."""
    copy = tmp_path / "checkout"
    (copy / "local").mkdir(parents=True)
    shutil.copy(CHECKOUT / "local" / "bootstrap.sh", copy / "local")
    return copy


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A PATH with a shell's tools and nothing else."""
    directory = tmp_path / "bin"
    directory.mkdir()
    for name in _SHELL_TOOLS:
        found = shutil.which(name)
        assert found is not None
        (directory / name).symlink_to(found)
    return directory


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def bootstrap(
    checkout: Path, path: Path, home: str | None = "/nonexistent"
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - the command under test
        ["/bin/sh", checkout / "local" / "bootstrap.sh"],
        env={"PATH": str(path)} | ({} if home is None else {"HOME": home}),
        capture_output=True,
        text=True,
        check=False,
    )


def python_without(path: Path, *modules: str) -> None:
    """A Python 3.11 in which these modules do not exist, as Debian's without its packages."""
    hidden = path / "hidden"
    hidden.mkdir()
    for module in modules:
        (hidden / f"{module}.py").write_text("raise ImportError('not installed')\n")
    python = Path(sys.executable).resolve()  # not the one of a virtual environment
    script(path / "python3.11", f'PYTHONPATH="{hidden}" exec "{python}" "$@"')


def test_without_python_311_the_sentence_says_how_to_get_it(checkout: Path, path: Path) -> None:
    script(path / "python3", "exit 1")  # some other version
    done = bootstrap(checkout, path)
    assert done.returncode == 1
    assert done.stderr.startswith("error: Python 3.11 is not on PATH: install it")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("uv", [None, "echo uv 0.8.22"], ids=["no uv", "a uv that is too old"])
def test_without_pip_and_venv_the_sentence_names_the_package(
    checkout: Path, path: Path, uv: str | None
) -> None:
    python_without(path, "pip", "ensurepip")
    if uv is not None:
        script(path / "uv", uv)
    done = bootstrap(checkout, path)
    assert done.returncode == 1
    assert "uv cannot be installed" in done.stderr
    assert "apt-get install python3.11-venv" in done.stderr
    assert len([line for line in done.stderr.splitlines() if line]) == 1


@pytest.mark.parametrize("home", [None, "", "/dev/null/home"])
def test_without_a_home_the_cache_stays_in_the_checkout(
    checkout: Path, path: Path, home: str | None
) -> None:
    python_without(path, "pip", "ensurepip")
    # Not in sync, so that the second call is the one that shows its surroundings.
    script(
        path / "uv",
        'case "$*" in --version) echo uv 0.13.9 ;; *--check*) exit 1 ;; '
        '*) echo "cache ${UV_CACHE_DIR-none}" ;; esac',
    )
    done = bootstrap(checkout, path, home)
    assert done.returncode == 0
    assert f"cache {checkout}/.local/uv-cache" in done.stdout
