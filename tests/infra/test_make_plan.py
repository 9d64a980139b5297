"""`make plan`: the command a newcomer runs without an AWS account."""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
import yaml

from infra.plan.__main__ import main
from tests.support.plan import PROJECT, ROOT, TODAY, stack_values


@pytest.fixture(autouse=True)
def _on_a_day_of_standard_support() -> Iterator[None]:
    with time_machine.travel(TODAY):
        yield


def project_with(folder: Path, text: str) -> Path:
    """Make a folder with our Pulumi.yaml and a stack `broken` of the given content."""
    (folder / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text())
    (folder / "Pulumi.broken.yaml").write_text(text)
    return folder


def stack_file(**groups: object) -> str:
    values = stack_values("dev") | groups
    return yaml.safe_dump({"config": {f"{PROJECT}:{key}": value for key, value in values.items()}})


def run(tmp_path: Path, *arguments: str) -> int:
    return main([*arguments, "--output", str(tmp_path / "plan.json")])


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_plan_file_has_the_agreed_form(
    stack: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "--stack", stack) == 0
    plan = json.loads((tmp_path / "plan.json").read_text())
    assert plan.keys() == {"stack", "resources", "outputs", "findings"}
    assert plan["stack"] == stack
    for entry in plan["resources"]:
        assert entry.keys() == {"type", "name", "parent", "inputs", "depends_on"}
    names = {entry["name"] for entry in plan["resources"]}
    for entry in plan["resources"]:
        assert set(entry["depends_on"]) <= names
        assert entry["parent"] is None or entry["parent"] in names
    types = {entry["type"] for entry in plan["resources"]}
    assert {"aws:ec2/vpc:Vpc", "eks:index:Cluster"} <= types
    assert "aws:eks/cluster:Cluster" not in types, "a child of the remote component"
    assert {finding["severity"] for finding in plan["findings"]} == {"warning"}
    assert {"setting", "message", "remedy"} <= plan["findings"][0].keys()
    printed = capsys.readouterr().out
    for name in names - {"network", "cluster", "nodes", "database", "registry", "addons"}:
        assert name in printed
    assert "tokens and session cookies are not encrypted" in printed
    assert "\033[" not in printed


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (stack_file(region="here"), "region: 'here' is invalid"),
        (stack_file(surprise={}), "surprise: is not a setting."),
        ("config: {}", f"Pulumi.broken.yaml: {PROJECT}:network is missing. Set Addresses"),
        ("config: {", "Pulumi.broken.yaml is not valid YAML"),
        ("", "Pulumi.broken.yaml contains no settings."),
    ],
)
def test_a_mistake_ends_with_a_sentence_and_a_status(
    content: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = project_with(tmp_path, content)
    assert run(tmp_path, "--root", str(root), "--stack", "broken") == 1
    printed = capsys.readouterr()
    assert sentence in printed.err
    assert "Traceback" not in printed.err
    assert printed.out == ""
    assert not (tmp_path / "plan.json").exists()


def test_a_secret_setting_is_planned_without_being_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notifications = {"receiver": "webhook", "url": {"secure": "v1:ciphertext"}}
    text = stack_file(observability={"notifications": notifications})
    root = project_with(tmp_path, text)
    assert run(tmp_path, "--root", str(root), "--stack", "broken") == 0
    written = (tmp_path / "plan.json").read_text()
    assert "observability-alertmanager-direct" in written
    assert "ciphertext" not in written + capsys.readouterr().out


def test_an_unknown_stack_is_answered_with_the_known_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "--stack", "nowhere") == 1
    assert capsys.readouterr().err == (
        "Pulumi.nowhere.yaml does not exist. Stacks here: dev, prod.\n"
    )


def test_the_command_needs_no_account_no_pulumi_and_little_time(tmp_path: Path) -> None:
    """In a process of its own, as make runs it, with an empty environment.

    Processor time is measured: the machine may be busy with other tests.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(  # noqa: S603  our own module
        [sys.executable, "-m", "infra.plan", "--output", str(tmp_path / "plan.json")],
        cwd=ROOT,
        env={"PATH": "/nowhere", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.startswith("Stack dev: ")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 20
