"""`make release`: the tag changes and nothing else; what stands in the way is named."""

import json
from pathlib import Path

import pytest

from release.__main__ import main
from release.upgrade import Target, last_good_revision, upgrade_command
from tests.support.stand_in_program import StandInProgram

_TARGET = Target(release="backend", namespace="observability")
_DEPLOYED = json.dumps({"info": {"status": "deployed", "last_deployed": "2026-11-24T10:00:00Z"}})
_HISTORY: list[dict[str, object]] = [
    {"revision": 1, "status": "superseded"},
    {"revision": 2, "status": "superseded"},
    {"revision": 3, "status": "deployed"},
]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that is all of PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def _helm(
    path: Path, *, status: str = _DEPLOYED, history: list[dict[str, object]] | None = None
) -> StandInProgram:
    helm = StandInProgram(path, "helm")
    helm.answer("status", stdout=status)
    helm.answer("history", stdout=json.dumps(_HISTORY if history is None else history))
    helm.answer("upgrade")
    return helm


def _pending(status: str) -> str:
    return json.dumps({"info": {"status": status, "last_deployed": "2026-11-24T10:00:00Z"}})


def _upgrade(version: str = "2026-11-24-1a2b3c4") -> int:
    return main(["upgrade", "--version", version])


def test_the_tag_changes_and_nothing_else() -> None:
    assert upgrade_command(_TARGET, "1.10") == [
        *("helm", "upgrade", "backend", "charts/backend", "--namespace", "observability"),
        "--reset-then-reuse-values",
        *("--set-string", "image.tag=1.10"),
        *("--set-string", "image.digest="),
        "--wait",
        *("--timeout", "10m"),
    ]


def test_a_release_upgrades_and_says_the_way_back(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    helm = _helm(path)
    assert _upgrade() == 0
    assert helm.calls()[-1] == upgrade_command(_TARGET, "2026-11-24-1a2b3c4")[1:]
    out = capsys.readouterr().out
    assert "backend runs 2026-11-24-1a2b3c4" in out
    assert "back: helm rollback backend 3 --wait --timeout 10m --namespace observability" in out


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("", "VERSION is missing: make release VERSION=<image tag>"),
        *(
            (version, "is not an image tag")
            for version in ("a,image.digest=x", "a b", "-a", ".a", "a" * 129, "a\n")
        ),
    ],
)
def test_what_is_no_tag_never_reaches_helm(
    path: Path, version: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    helm = _helm(path)
    assert main(["upgrade", f"--version={version}"]) == 1
    assert words in capsys.readouterr().err
    assert helm.calls() == []


def test_a_missing_helm_is_named(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert not list(path.iterdir())
    assert _upgrade() == 1
    assert capsys.readouterr().err.startswith("helm is not on PATH: install Helm")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Error: release: not found\n", "no release 'backend' in namespace 'observability'"),
        ("Error: Kubernetes cluster unreachable\n", "cluster unreachable"),
    ],
)
def test_a_release_that_cannot_be_read_is_left_alone(
    path: Path, said: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    helm = StandInProgram(path, "helm")
    helm.answer("status", stderr=said, status=1)
    assert _upgrade() == 1
    assert words in capsys.readouterr().err
    assert [call[0] for call in helm.calls()] == ["status"]


@pytest.mark.parametrize(
    ("status", "before", "command"),
    [
        ("pending-upgrade", _HISTORY, "helm rollback backend 3 --wait --timeout 10m"),
        ("pending-rollback", _HISTORY, "helm rollback backend 3 --wait --timeout 10m"),
        ("pending-install", [], "helm uninstall backend"),
    ],
)
def test_a_pending_release_is_named_with_the_command_that_frees_it(
    path: Path,
    status: str,
    before: list[dict[str, object]],
    command: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pending = [*before, {"revision": len(before) + 1, "status": status}]
    helm = _helm(path, status=_pending(status), history=pending)
    assert _upgrade() == 1
    err = capsys.readouterr().err
    assert f"the release 'backend' is {status} since 2026-11-24T10:00:00Z" in err
    assert f"  {command} --namespace observability" in err
    assert "upgrade" not in [call[0] for call in helm.calls()]


def test_a_failed_upgrade_says_what_runs_and_where_to_look(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    helm = StandInProgram(path, "helm")
    helm.answer("status", stdout=_DEPLOYED)
    helm.answer("history", stdout=json.dumps(_HISTORY))
    helm.answer("upgrade", stderr="Error: UPGRADE FAILED\n", status=1)
    kubectl = StandInProgram(path, "kubectl")
    kubectl.answer("get", "pods", stdout="backend-1 1/1 Running 0 3h\nbackend-2 0/1 Error 4 1m\n")
    assert _upgrade() == 1
    err = capsys.readouterr().err
    assert "The pods of the previous version still serve." in err
    assert "backend-1 1/1 Running; backend-2 0/1 Error" in err
    assert "kubectl logs --namespace observability job/backend-migrate" in err
    assert "back: helm rollback backend 3 " in err


def test_without_kubectl_a_failure_says_how_to_see_the_pods(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    helm = StandInProgram(path, "helm")
    helm.answer("status", stdout=_DEPLOYED)
    helm.answer("history", stdout="[]")
    helm.answer("upgrade", status=1)
    assert _upgrade() == 1
    assert "kubectl is not on PATH: install it to see the pods" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("statuses", "revision"),
    [
        (["superseded", "deployed", "failed"], 2),
        (["superseded", "superseded", "pending-upgrade"], 2),
        (["failed", "failed"], None),
        ([], None),
    ],
)
def test_the_last_good_revision_is_the_newest_that_was_deployed_whole(
    statuses: list[str], revision: int | None
) -> None:
    history: list[dict[str, object]] = [
        {"revision": number, "status": status} for number, status in enumerate(statuses, start=1)
    ]
    assert last_good_revision(history) == revision
