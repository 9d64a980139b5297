"""`make image`: built for the nodes, pushed under a name that says what is in it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from release import image, versions
from release.__main__ import main
from release.programs import ReleaseError, run
from tests.support.stand_in_program import StandInProgram


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def _build(repository: str = "registry.example.com/backend", version: str = "1.2.3") -> int:
    return main(["image", "--repository", repository, "--version", version])


def test_the_image_is_built_for_the_nodes_and_pushed() -> None:
    both = "linux/amd64,linux/arm64"
    command = image.build_command("r/backend:1", platforms=both, version="1", revision="abc")
    assert command == [
        *("docker", "buildx", "build", "--push"),
        *("--platform", both),
        *("--file", "backend/Dockerfile"),
        *("--build-arg", "VERSION=1"),
        *("--build-arg", "REVISION=abc"),
        *("--tag", "r/backend:1"),
        ".",
    ]


def test_it_says_how_to_release_what_it_pushed(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    docker = StandInProgram(path, "docker")
    docker.answer("buildx", "version")
    docker.answer("buildx", "build")
    StandInProgram(path, "git").answer("rev-parse", stdout="abc\n")
    assert _build() == 0
    assert docker.calls()[-1][-2:] == ["registry.example.com/backend:1.2.3", "."]
    assert "make release VERSION=1.2.3" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("repository", "words"),
    [
        ("", "REPOSITORY is missing: make image REPOSITORY="),
        ("r/backend", "docker is not on PATH: install Docker"),
    ],
)
def test_what_is_missing_is_named(
    path: Path, repository: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert path.exists()
    assert _build(repository) == 1
    assert capsys.readouterr().err.startswith(words)


def test_a_platform_that_no_node_has_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["image", "--repository", "r/b", "--version", "1", "--platforms", "linux/s390x"]) == 1
    )
    said = capsys.readouterr().err
    assert said.startswith("PLATFORMS=linux/s390x: 'linux/s390x' is not a platform of nodes.")
    assert "PLATFORMS=$(pulumi stack output imagePlatforms)" in said


def test_a_docker_without_buildx_is_named(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    StandInProgram(path, "docker").answer("buildx", "version", status=1)
    assert _build() == 1
    assert capsys.readouterr().err.startswith("docker has no buildx: install")


def test_a_failed_push_says_how_to_log_in(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    docker = StandInProgram(path, "docker")
    docker.answer("buildx", "version")
    docker.answer("buildx", "build", status=1)
    StandInProgram(path, "git").answer("rev-parse", stdout="abc\n")
    assert _build() == 1
    assert "--password-stdin registry.example.com" in capsys.readouterr().err


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    if shutil.which("git") is None:
        pytest.skip("git is not on PATH")
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.com")
    for arguments in (
        ("init", "--quiet"),
        (*identity, "commit", "--quiet", "--no-gpg-sign", "--allow-empty", "--message=first"),
    ):
        command = ["git", *arguments]
        subprocess.run(command, cwd=tmp_path, check=True)  # noqa: S603 - our own arguments
    return tmp_path


def test_a_checkout_is_named_by_its_commit(checkout: Path) -> None:
    assert versions.of_checkout(checkout) == versions.revision(checkout)[:12]
    assert len(versions.revision(checkout)) == 40


def test_uncommitted_work_has_no_name(checkout: Path) -> None:
    (checkout / "new.py").write_text("")
    with pytest.raises(ReleaseError, match=r"1 files are not committed \(first: new.py\)"):
        versions.of_checkout(checkout)


def test_outside_of_a_checkout_a_version_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="no git checkout"):
        versions.of_checkout(tmp_path)


def test_progress_is_reported_while_a_program_runs(tmp_path: Path) -> None:
    """The program waits until progress was reported once: no race, and no fixed sleep."""
    flag = tmp_path / "reported"
    seconds: list[float] = []

    def progress(passed: float) -> None:
        seconds.append(passed)
        flag.touch()

    waiting = ["sh", "-c", f"until [ -e {flag} ]; do sleep 0.01; done"]
    assert run(waiting, progress=progress, progress_seconds=0.05) == 0
    assert seconds[0] >= 0.05
