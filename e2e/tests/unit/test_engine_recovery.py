import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from e2e.deploy.engine.checkpoint import Pending
from e2e.deploy.engine.in_cluster import InCluster
from e2e.deploy.engine.recovery import _fill_in

STACK = "urn:pulumi:e2e::observability-platform::"
OBJECT = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": "b"}}


@dataclass(frozen=True)
class Existing:
    type: str
    name: str
    id: str


def import_file(directory: Path) -> Path:
    """As `pulumi preview --import-file` writes it; one name is taken twice."""
    resources = [
        {"type": "aws:rds/instance:Instance", "name": "database", "id": "<PLACEHOLDER>"},
        {"type": "aws:ecr/repository:Repository", "name": "r2", "logicalName": "r", "id": ""},
        {"type": "kubernetes:core/v1:Secret", "name": "database", "id": "<PLACEHOLDER>"},
    ]
    file = directory / "import.json"
    file.write_text(json.dumps({"nameTable": {"aws": f"{STACK}aws"}, "resources": resources}))
    return file


def test_what_exists_is_imported_and_nothing_else(tmp_path: Path) -> None:
    file = import_file(tmp_path)
    exists = [
        Existing("aws:rds/instance:Instance", "database", "db-1"),
        Existing("aws:ecr/repository:Repository", "r", "backend"),
        Existing("aws:ec2/vpc:Vpc", "network-vpc", "vpc-known-already"),
    ]
    assert _fill_in(file, exists)
    content = json.loads(file.read_text())
    assert [entry["id"] for entry in content["resources"]] == ["db-1", "backend"]
    assert content["nameTable"] == {"aws": f"{STACK}aws"}


def test_nothing_is_imported_when_nothing_exists_or_nothing_is_missing(tmp_path: Path) -> None:
    assert not _fill_in(import_file(tmp_path), [])
    file = tmp_path / "import.json"
    file.write_text('{"nameTable": {}}')
    assert not _fill_in(file, [Existing("aws:ec2/vpc:Vpc", "network-vpc", "vpc-1")])


@pytest.fixture
def cluster(tmp_path: Path) -> InCluster:
    """Answers for kubectl and helm, which write down what they were asked."""
    for program in ("kubectl", "helm"):
        script = tmp_path / program
        script.write_text(
            f'#!/bin/sh\necho "{program} $*" >> {tmp_path}/asked\n'
            'case "$*" in *--pending*) echo cut-off ;; esac\n'
        )
        script.chmod(0o755)
    return InCluster({"PATH": f"{tmp_path}:/usr/bin:/bin"})


def release(operation: str, name: str) -> Pending:
    urn = f"{STACK}platform:a:A$kubernetes:helm.sh/v3:Release::{name}"
    return Pending(operation, urn, {"name": name, "namespace": "b"})


@pytest.mark.parametrize(
    ("pending", "asked"),
    [
        (
            Pending("creating", f"{STACK}kubernetes:core/v1:Secret::s", OBJECT),
            ["kubectl delete Secret.v1. a --namespace=b --ignore-not-found"],
        ),
        (Pending("updating", f"{STACK}kubernetes:core/v1:Secret::s", OBJECT), []),
        (Pending("creating", f"{STACK}aws:rds/instance:Instance::d", {}), []),
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
    cluster: InCluster, tmp_path: Path, pending: Pending, asked: list[str]
) -> None:
    cluster.tidy(pending)
    log = tmp_path / "asked"
    assert (log.read_text().splitlines() if log.exists() else []) == asked
