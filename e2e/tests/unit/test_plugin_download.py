from pathlib import Path

import pytest

from e2e.deploy.engine import download
from e2e.deploy.engine.download import installed


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand for the CLI: it does what the test writes into it, and nobody's account is known."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PULUMI_ACCESS_TOKEN", "somebody's")
    return tmp_path / "pulumi"


def does(pulumi: Path, script: str) -> None:
    pulumi.write_text(f"#!/bin/sh\n{script}\n")
    pulumi.chmod(0o755)


def test_what_is_installed_is_found_and_kept(pulumi: Path) -> None:
    program = "$PULUMI_HOME/plugins/resource-kubernetes-v4.32.0/pulumi-resource-kubernetes"
    does(pulumi, f'test -z "$PULUMI_ACCESS_TOKEN" && install -D -m 755 "$0" "{program}"')
    found, version = installed(pulumi, "resource", "kubernetes", "4.32.0")
    assert found is not None
    assert found.exists()
    assert version == "4.32.0"
    does(pulumi, "exit 1")  # it is not asked again
    assert installed(pulumi, "resource", "kubernetes", "4.32.0") == (found, "4.32.0")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ('echo "error: no such host" >&2; exit 255', "`pulumi plugin install`: no such host"),
        ("exit 7", "`pulumi plugin install`: it ended with 7"),
        ("exec sleep 5", "`pulumi plugin install` did not end in 0.1 s"),
    ],
)
def test_what_cannot_be_had_has_its_reason(
    pulumi: Path, monkeypatch: pytest.MonkeyPatch, script: str, reason: str
) -> None:
    monkeypatch.setattr(download, "_SECONDS", 0.1 if "sleep" in script else 10)
    does(pulumi, script)
    assert installed(pulumi, "language", "python", "3.259.0") == (None, reason)
