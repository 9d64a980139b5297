"""The platform's parts, short of a cluster."""

import os
from pathlib import Path
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


@pytest.mark.parametrize(
    ("targets", "settled"),
    [
        (["10.0.11.2:8000", "10.0.12.2:8000"], True),
        (["10.0.11.2", "10.0.12.2"], True),
        # One pod of the new release, and one that leaves: their number alone is right.
        (["10.0.11.2:8000", "10.0.12.1:8000"], False),
        (["10.0.11.2:8000"], False),
        ([], False),
    ],
)
def test_targets_are_settled_when_they_are_the_ready_pods(
    targets: list[str], settled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [_pod("10.0.11.2"), _pod("10.0.12.2"), _pod("10.0.12.1", leaving=True)]
    monkeypatch.setattr(settling, "pods", lambda _: now)

    def wait() -> None:
        states = dict.fromkeys(targets, "healthy")
        settling.wait_for_targets(cast("Any", None), lambda: states, patience=0)

    if settled:
        wait()
    else:
        with pytest.raises(PlatformError, match="did not settle"):
            wait()


def _pod(address: str, *, leaving: bool = False) -> Pod:
    return Pod(address, address, "a", address, not leaving, leaving, restarts=0, made="")
