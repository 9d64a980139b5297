"""The platform's parts, short of a cluster."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from e2e.platform.commands import Commands
from e2e.platform.errors import PlatformError
from e2e.platform.pods import Pod
from e2e.platform.settling import last_good


def revision(number: int, status: str) -> Mapping[str, object]:
    return {"revision": number, "status": status}


def test_a_release_that_runs_needs_no_way_back() -> None:
    assert last_good([revision(1, "superseded"), revision(2, "deployed")]) is None


@pytest.mark.parametrize("newest", ["failed", "pending-upgrade", "pending-rollback"])
def test_the_way_back_leads_to_the_last_revision_that_was_whole(newest: str) -> None:
    history = [revision(1, "superseded"), revision(2, "deployed"), revision(3, "failed")]
    assert last_good([*history, revision(4, newest)]) == 2
    assert last_good([revision(1, "superseded"), revision(2, newest)]) == 1


def test_without_a_whole_revision_there_is_none() -> None:
    with pytest.raises(PlatformError, match="run `up` again"):
        last_good([revision(1, "pending-install")])


def pod(*, ready: str = "True", **metadata: object) -> Mapping[str, Any]:
    return {
        "metadata": {"name": "a", "uid": "1", "creationTimestamp": "2026-01-01", **metadata},
        "spec": {"nodeName": "node-b"},
        "status": {
            "conditions": [{"type": "Ready", "status": ready}],
            "containerStatuses": [{"restartCount": 2}, {"restartCount": 1}],
        },
    }


def test_a_pod_stands_in_its_nodes_zone_and_counts_its_restarts() -> None:
    found = Pod.of(pod())
    assert (found.zone, found.ready, found.restarts) == ("us-east-1b", True, 3)
    assert str(found) == "a in us-east-1b is ready"


def test_a_pod_on_its_way_out_is_not_ready_even_if_it_serves() -> None:
    found = Pod.of(pod(deletionTimestamp="2026-01-02"))
    assert (found.ready, found.leaving) == (False, True)
    assert str(found) == "a in us-east-1b is leaving"


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    """Run a Makefile whose release succeeds for good versions, and hangs for slow ones."""
    makefile = (
        'release:\n\t@echo "$$KUBECONFIG gets $(VERSION)"; '
        'case "$(VERSION)" in good) ;; slow) sleep 5;; *) echo why >&2; exit 1;; esac\n'
    )
    (tmp_path / "Makefile").write_text(makefile)
    environment = {"PATH": os.environ["PATH"], "KUBECONFIG": "the cluster"}
    helm = Path(shutil.which("echo") or "")
    return Commands(tmp_path, environment, helm, tmp_path / "logs" / "release.log")


def test_a_release_is_the_repositorys_own_command(commands: Commands) -> None:
    done = commands.release("good")
    assert (done.code, done.text) == (0, "the cluster gets good\n")
    assert commands.helm("list").strip() == "list"


def test_a_release_that_ends_as_it_must_not_is_an_error(commands: Commands) -> None:
    assert "why" in commands.release("bad", ok=False).text
    with pytest.raises(PlatformError, match=r"(?s)VERSION=bad failed:.*why"):
        commands.release("bad")
    with pytest.raises(PlatformError, match="succeeded, which it must not"):
        commands.release("good", ok=False)
