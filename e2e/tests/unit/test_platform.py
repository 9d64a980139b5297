"""The platform's parts, short of a cluster."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from e2e.platform import settling
from e2e.platform.commands import Commands
from e2e.platform.errors import PlatformError
from e2e.platform.pods import Pod
from e2e.platform.settling import last_good


@pytest.mark.parametrize(
    ("statuses", "wanted"),
    [
        (["superseded", "deployed"], None),
        (["superseded", "deployed", "failed", "failed"], 2),
        (["superseded", "deployed", "failed", "pending-upgrade"], 2),
        (["superseded", "pending-rollback"], 1),
    ],
)
def test_the_way_back_leads_to_the_last_revision_that_was_whole(
    statuses: list[str], wanted: int | None
) -> None:
    history = [{"revision": number, "status": each} for number, each in enumerate(statuses, 1)]
    assert last_good(history) == wanted


def test_without_a_whole_revision_there_is_none() -> None:
    with pytest.raises(PlatformError, match="run `up` again"):
        last_good([{"revision": 1, "status": "pending-install"}])


def test_a_release_that_ends_as_it_must_not_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text('release:\n\t@echo "$(VERSION)"; [ $(VERSION) = good ]\n')
    environment = {"PATH": os.environ["PATH"]}
    commands = Commands(tmp_path, environment, Path("helm"), tmp_path / "release.log")
    assert commands.release("good") == "good\n"
    assert "bad" in commands.release("bad", ok=False)
    with pytest.raises(PlatformError, match=r"(?s)VERSION=bad failed:.*bad"):
        commands.release("bad")
    with pytest.raises(PlatformError, match="succeeded, which it must not"):
        commands.release("good", ok=False)


def test_targets_are_settled_when_they_are_the_ready_pods(monkeypatch: pytest.MonkeyPatch) -> None:
    new, other, old = "10.0.11.2", "10.0.12.2", "10.0.12.1"
    pods = [Pod(at, at, "", at, at != old, at == old, 0, "") for at in (new, other, old)]
    monkeypatch.setattr(settling, "pods", lambda _: pods)

    def wait(*targets: str, replicas: int = 2) -> None:
        states = dict.fromkeys(targets, "healthy")
        status = {"replicas": replicas, "updatedReplicas": 2}
        kubectl = SimpleNamespace(get=lambda *_: {"status": status})
        settling.wait_for_targets(cast("Any", kubectl), lambda: states, patience=0)

    wait(f"{new}:8000", other)
    for targets, replicas in (([new], 2), ([new, old], 2), ([new, other], 3)):
        with pytest.raises(PlatformError, match="did not settle"):
            wait(*targets, replicas=replicas)
