"""The platform's parts, short of a cluster."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

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


@pytest.mark.parametrize(
    ("more", "described"),
    [
        ({}, "a in us-east-1b is ready"),
        # It may serve still.
        ({"deletionTimestamp": "2026-01-02"}, "a in us-east-1b is leaving"),
    ],
)
def test_a_pod_stands_in_its_nodes_zone(more: Mapping[str, str], described: str) -> None:
    item: dict[str, Any] = {
        "metadata": {"name": "a", "uid": "1", "creationTimestamp": "2026-01-01", **more},
        "spec": {"nodeName": "node-b"},
        "status": {
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"restartCount": 2}, {"restartCount": 1}],
        },
    }
    found = Pod.of(item, {"node-b": "us-east-1b"})
    assert (str(found), found.restarts) == (described, 3)


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
