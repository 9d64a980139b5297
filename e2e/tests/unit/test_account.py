"""`make e2e CLOUD=aws` with programs that only write down how they are called."""

import json
import os
import re
import secrets
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from e2e import __main__ as command
from e2e.account import account, run
from e2e.account.account import Account
from e2e.deploy.engine.stacks import PROJECT, Stack
from e2e.deploy.engine.workspace import Workspace
from e2e.drills.drill import Checks, Drill, Stage
from e2e.drills.registry import SUBSETS, chosen
from e2e.drills.secrecy.search import Keeper
from infra.plan.__main__ import plan_stack

US, OTHER, NAME, VPC = "111122223333", "444455556666", "e2e-aaaaaa", "arn:aws:ec2:a:1:vpc/b"
SNAPSHOT, BACKUPS = f"{PROJECT}-{NAME}-final-1", "arn:aws:rds:a:1:auto-backup:ab-1"
CHANGES = re.compile(
    r"^(?:pulumi (?:cancel|refresh|destroy)|docker login|make|aws \S+ (?:delete|wait)\S* \S+ \S+)",
    re.MULTILINE,
)
LOGS = f"/aws/eks/{PROJECT}-{NAME}/cluster"
DOWN = ["down", "--cloud=aws"]
# What a program answers to arguments that have these words in them.
ANSWERS = {
    "stack output --json": {"registry": "r.example/b", "databaseEndpoint": "db-1.x:5432"},
    "get-caller-identity": {"Account": US, "Arn": f"arn:aws:iam::{US}:user/somebody"},
    "describe-db-instances": {"DBInstances": [{"LatestRestorableTime": "9999-01-01"}]},
    "automated-backups": {
        "DBInstanceAutomatedBackups": [
            {
                "DBInstanceAutomatedBackupsArn": BACKUPS,
                "DBInstanceIdentifier": "database-instance-1",
                "DbiResourceId": "db-1",
            }
        ]
    },
    "describe-db-snapshots": {
        "DBSnapshots": [{"DBSnapshotIdentifier": name} for name in ("somebody-else", SNAPSHOT)]
    },
    "describe-log-groups": {"logGroups": [{"logGroupName": LOGS}]},
    "get-resources": {"ResourceTagMappingList": [{"ResourceARN": "arn:aws:rds:a:1:snapshot:b"}]},
}
PROGRAM = f"""#!/bin/sh
echo "$(basename "$0") $*" >> "$CALLS"
state=${{PULUMI_BACKEND_URL#file://}}/.pulumi/stacks/{PROJECT}
case "$*" in
*"$LEFT"*) echo '{{"ResourceTagMappingList": [{{"ResourceARN": "{VPC}"}}]}}' ;;
"stack init"*) mkdir -p "$state" && echo '{{}}' > "$state/$3.json" ;;
"destroy"*) exit "$DESTROY" ;;
{"".join(f"*'{words}'*) echo '{json.dumps(answer)}' ;; " for words, answer in ANSWERS.items())}
esac
"""


class Cloud:
    """AWS and the user's programs."""

    def __init__(self, folder: Path) -> None:
        self.log, self.programs, self.report = folder / "calls", folder / "bin", folder / "e2e.json"
        self.state = folder / "observability-platform-e2e" / NAME
        self.programs.mkdir()
        for program in run.PROGRAMS:
            (self.programs / program).write_text(PROGRAM)
            (self.programs / program).chmod(0o755)

    def calls(self) -> list[str]:
        """Give what changes something, without most of its arguments."""
        return CHANGES.findall(self.log.read_text())

    def run(self, drill: Callable[[Account, Checks], None]) -> int:
        return run.run(Stack.PLATFORM, [Drill("a", drill, Stage.ANY, ())], self.report, print)


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    made = Cloud(tmp_path)
    for name, value in {
        "PATH": f"{made.programs}{os.pathsep}/usr/bin{os.pathsep}/bin",
        "CALLS": str(made.log),
        "CONFIRM": US,
        "DESTROY": "0",
        "LEFT": "nothing",
        "XDG_STATE_HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }.items():
        monkeypatch.setenv(name, value)
    made.log.touch()
    monkeypatch.setattr(run, "_address", lambda: "192.0.2.7")
    monkeypatch.setattr(secrets, "token_hex", lambda _: "aaaaaa")
    monkeypatch.setattr(command, "_REPORT", made.report)
    handlers = {number: signal.getsignal(number) for number in run.SIGNALS}
    yield made
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("given", "flags", "sentence"),
    [
        ({"CONFIRM": ""}, [], f"set CONFIRM={US} to agree"),
        ({"CONFIRM": OTHER}, [], f"CONFIRM={OTHER} is not the account"),
        ({"CONFIRM": "", "answer": "y"}, [], "nothing was made"),
        ({"allowed": OTHER}, [], f"allows {OTHER}"),
        ({"PATH": "/usr/bin:/bin"}, [], "not on PATH: pulumi, aws"),
        ({"left": NAME}, [], f"an earlier run has left {NAME}: run `make e2e-down CLOUD=aws`"),
        ({}, ["--keep"], "always destroys"),
        ({}, ["--drill=node-kill"], "no drill is called node-kill: choose from preview, up, "),
    ],
    ids=lambda value: str(value)[:40],
)
def test_nothing_is_made_unless_somebody_agrees_and_it_is_the_right_account(
    cloud: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    given: dict[str, str],
    flags: Sequence[str],
    sentence: str,
) -> None:
    for name in {"CONFIRM", "PATH"} & given.keys():
        monkeypatch.setenv(name, given[name])
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: "answer" in given))
    monkeypatch.setattr("builtins.input", lambda _: given["answer"])
    dev = {"region": "us-east-1", "allowedAccountId": given.get("allowed", "")}
    monkeypatch.setattr(run, "of_dev", dev.get)
    if "left" in given:
        cloud.state.mkdir(parents=True)
    assert command.main(["--cloud=aws", *flags]) == 1
    assert sentence in capsys.readouterr().err
    assert "pulumi" not in cloud.log.read_text()


def _uses_it(platform: Account, _: Checks) -> None:
    platform.image("2.0", extra={"backend/new.py": ""})
    assert platform.lose_database() == BACKUPS


def _fails(_: Account, checks: Checks) -> None:
    checks.fail("it failed")


def _is_ended(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(10)


DESTROYED = [
    "pulumi cancel",
    "pulumi destroy",
    f"aws logs delete-log-group --log-group-name {LOGS}",
    f"aws rds delete-db-snapshot --db-snapshot-identifier {SNAPSHOT}",
    "aws rds delete-db-instance-automated-backup --dbi-resource-id db-1",
]
USED = [
    "docker login",
    "make",
    "aws rds delete-db-instance --db-instance-identifier db-1",
    "aws rds wait db-instance-deleted --db-instance-identifier",
    *DESTROYED,
]


@pytest.mark.parametrize(
    ("drill", "status", "calls"),
    [(_uses_it, 0, USED), (_fails, 1, DESTROYED), (_is_ended, 128 + signal.SIGTERM, DESTROYED)],
)
def test_everything_is_destroyed_whatever_happens(
    cloud: Cloud,
    capsys: pytest.CaptureFixture[str],
    drill: Callable[[Account, Checks], None],
    status: int,
    calls: list[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        sys.exit(cloud.run(drill))
    assert (ended.value.code, cloud.calls()) == (status, calls)
    assert not cloud.state.exists()
    said = capsys.readouterr().out
    for words in (US, "$0.3", "a month if it is forgotten", "Purpose", "192.0.2.7/32"):
        assert words in said


def test_what_could_not_be_destroyed_is_named_and_destroyed_by_a_command(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DESTROY", "1")
    assert cloud.run(lambda *_: None) == 1
    assert f"{NAME} is not destroyed: run `make e2e-down" in capsys.readouterr().out
    monkeypatch.setenv("DESTROY", "0")
    monkeypatch.setenv("LEFT", "get-resources")
    monkeypatch.setattr(account, "_LISTED_SECONDS", 0)
    assert command.main(DOWN) == 1
    assert "VPC b" in capsys.readouterr().out
    monkeypatch.setenv("LEFT", "nothing")
    resource = {"urn": f"urn:pulumi:{NAME}::{PROJECT}::aws:rds/instance:Instance::database"}
    pending = {"pending_operations": [{"type": "creating", "resource": resource}]}
    [checkpoint] = cloud.state.rglob(f"{NAME}.json")
    checkpoint.write_text(json.dumps({"checkpoint": {"latest": pending}}))
    cloud.log.write_text("")
    assert command.main(DOWN) == 0
    assert cloud.calls() == [DESTROYED[0], "pulumi refresh", *DESTROYED[1:]]
    assert not cloud.state.exists()


def test_the_program_takes_the_settings_of_a_run(tmp_path: Path) -> None:
    settings = run.settings_of(Stack.PLATFORM, US, "192.0.2.7/32", now=0)
    program = Workspace.create(tmp_path, settings, NAME).program
    options = plan_stack(program, NAME)[1].options
    assert options.tags == {"Purpose": "e2e", "Expires": "1970-01-01T08:00:00Z"}
    assert (options.destroy_data, options.deletion_protection) == (True, False)


def test_each_drill_of_the_list_runs_anywhere() -> None:
    drills = chosen(Keeper(), subset="account", anywhere=True)
    assert tuple(drill.name for drill in drills) == SUBSETS["account"]
