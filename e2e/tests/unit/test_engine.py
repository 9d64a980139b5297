"""What a drill of the real engine does not come to."""

import json
import stat
import threading
from importlib import metadata
from pathlib import Path

import pytest

from e2e.deploy.cloud import plugin
from e2e.deploy.engine import plugins
from e2e.deploy.engine.checkpoint import Checkpoint, Pending
from e2e.deploy.engine.plugins import Plugins
from e2e.deploy.engine.recovery import InCluster
from e2e.deploy.engine.result import Operation, read_events
from e2e.deploy.engine.stacks import REPOSITORY
from e2e.deploy.engine.workspace import Workspace

STACK = "urn:pulumi:e2e::observability-platform::"
VPC = "aws:ec2/vpc:Vpc"
OBJECT = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": "b"}}


def test_a_state_that_is_being_written_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "e2e.json"
    file.write_text('{"checkpoint": {"late')
    urn = f"{STACK}platform:a:A${VPC}::vpc"
    latest = {"pending_operations": [{"type": "creating", "resource": {"urn": urn}}]}
    whole = json.dumps({"checkpoint": {"latest": latest}})
    timer = threading.Timer(0.2, file.write_text, [whole])
    timer.start()
    found = Checkpoint.read(file)
    timer.join()
    assert found == Checkpoint(pending=(Pending(urn, "creating"),))
    assert (found.pending[0].type, found.pending[0].name) == (VPC, "vpc")


def test_a_command_that_was_killed_has_steps_but_no_changes(tmp_path: Path) -> None:
    steps = [
        {"resOutputsEvent": {"metadata": {"op": op, "urn": f"{STACK}{VPC}::vpc", "type": VPC}}}
        for op in ("same", "create")
    ]
    events = tmp_path / "events"
    events.write_text("\n".join([*map(json.dumps, steps), '{"resOutp']))
    assert read_events(events) == ({}, (Operation(f"{STACK}{VPC}::vpc", "create"),))
    assert read_events(tmp_path / "none") == ({}, ())


def test_a_workspace_leaves_the_checkout_alone_and_has_a_passphrase(tmp_path: Path) -> None:
    first = Workspace.create(tmp_path / "engine").passphrase.read_text()
    workspace = Workspace.create(tmp_path / "engine")
    chart = workspace.program / "charts" / "backend" / "Chart.yaml"
    chart.write_text("edited by a drill")
    assert (REPOSITORY / "charts/backend/Chart.yaml").read_text() != "edited by a drill"
    assert stat.S_IMODE(workspace.passphrase.stat().st_mode) == 0o600
    assert workspace.passphrase.read_text() != first
    # Without them, the dashboard of runbooks would be deployed empty.
    assert any((workspace.program / "docs" / "runbooks").glob("*.md"))


def test_a_real_language_host_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "find_uv", lambda: Path("/uv"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    assert Plugins.choose().directories == (plugin.DIRECTORY,)
    version = metadata.version("pulumi")
    for folder in (tmp_path / "bin", tmp_path / f"home/plugins/language-python-v{version}"):
        folder.mkdir(parents=True)
        (folder / "pulumi-language-python").touch(mode=0o755)
        assert Plugins.choose().directories == (folder, plugin.DIRECTORY)
    monkeypatch.setattr(plugins, "find_uv", lambda: None)
    assert Plugins.choose().directories == (plugin.DIRECTORY,)


def release(operation: str, name: str) -> Pending:
    urn = f"{STACK}platform:a:A$kubernetes:helm.sh/v3:Release::{name}"
    return Pending(urn, operation, {"name": name, "namespace": "b"})


@pytest.mark.parametrize(
    ("pending", "asked"),
    [
        (
            Pending(f"{STACK}kubernetes:core/v1:Secret::s", "creating", OBJECT),
            ["kubectl delete Secret.v1. a --namespace=b --ignore-not-found"],
        ),
        (Pending(f"{STACK}kubernetes:core/v1:Secret::s", "updating", OBJECT), []),
        (Pending(f"{STACK}aws:rds/instance:Instance::d", "creating"), []),
        (
            release("creating", "new"),
            ["helm uninstall new --namespace=b --ignore-not-found --wait"],
        ),
        (
            release("updating", "cut-off"),
            [
                "helm list --namespace=b --pending --short",
                "helm rollback cut-off --namespace=b --wait",
            ],
        ),
        (release("updating", "finished"), ["helm list --namespace=b --pending --short"]),
    ],
    ids=str,
)
def test_in_the_cluster_what_is_half_done_is_undone(
    tmp_path: Path, pending: Pending, asked: list[str]
) -> None:
    for program in ("kubectl", "helm"):
        script = tmp_path / program
        script.write_text(
            f'#!/bin/sh\necho "{program} $*" >> {tmp_path}/asked\n'
            'case "$*" in *--pending*) echo cut-off ;; esac\n'
        )
        script.chmod(0o755)
    InCluster({"PATH": f"{tmp_path}:/usr/bin:/bin"}).tidy(pending)
    log = tmp_path / "asked"
    assert (log.read_text().splitlines() if log.exists() else []) == asked
