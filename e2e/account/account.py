"""The deployed stack in an AWS account, as drills use it."""

import json
import math
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from e2e.account.engine import AccountEngine
from e2e.cluster.kubectl import Kubectl
from e2e.cluster.processes import wait_until
from e2e.cluster.shell import run
from e2e.deploy.engine.stacks import PROJECT, Stack
from e2e.platform import settling
from e2e.platform.commands import Commands
from e2e.platform.deployed import Deployed
from e2e.platform.errors import PlatformError
from infra.naming import NAMESPACE, Names

_MINUTE = 60
# No leftovers: `remove_kept` deletes the first two. The others stay on AWS's lists for an hour or,
# a key, for days after their deletion; instances and gateways cannot outlive their VPC.
_NOT_LEFT = (":snapshot:", ":auto-backup:", ":instance/", ":natgateway/", ":key/")
_LISTED_SECONDS = 10 * _MINUTE


def aws(*arguments: str, region: str, seconds: float = 120) -> Any:
    """Ask AWS's command line; give its parsed answer, None for an empty one."""
    answer = run("aws", *arguments, f"--region={region}", "--output=json", seconds=seconds)
    return json.loads(answer) if answer.strip() else None


@dataclass(frozen=True, slots=True)
class Account(Deployed):
    engine: AccountEngine
    region: str

    @classmethod
    def of(cls, engine: AccountEngine, region: str, stack: Stack) -> Self:
        variables = {**engine.environment, "KUBECONFIG": str(engine.kubeconfig)}
        log = engine.directory / "logs" / "release.log"
        commands = Commands(engine.workspace.program, variables, Path("helm"), log)
        return cls(stack, engine, commands, region)

    @property
    def kubectl(self) -> Kubectl:
        return Kubectl(Path("kubectl"), self.engine.kubeconfig)

    @property
    def url(self) -> str:
        return str(self.engine.outputs()["url"])

    def image(self, tag: str, *, extra: Mapping[str, str] | None = None) -> None:
        """As docs/deploy.md says, from a copy that has the extra files."""
        registry = str(self.engine.outputs()["registry"])
        password = run("aws", "ecr", "get-login-password", f"--region={self.region}")
        host = registry.partition("/")[0]
        run("docker", "login", "--username=AWS", "--password-stdin", host, stdin=password)
        with tempfile.TemporaryDirectory() as scratch:
            source = Path(scratch) / "source"
            shutil.copytree(self.engine.workspace.program, source, symlinks=True)
            for path, text in (extra or {}).items():
                (source / path).write_text(text)
            wanted = (f"REPOSITORY={registry}", f"VERSION={tag}")
            run("make", f"--directory={source}", "image", *wanted, seconds=20 * _MINUTE)

    def lose_database(self) -> str:
        """Wait until RDS can restore what is there: it writes logs out every five minutes."""
        identifier = str(self.engine.outputs()["databaseEndpoint"]).partition(".")[0]
        named = f"--db-instance-identifier={identifier}"
        written = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())

        def restorable() -> bool:
            [found] = self._rds("describe-db-instances", named)["DBInstances"]
            return str(found.get("LatestRestorableTime", "")) > written

        if not wait_until(restorable, seconds=15 * _MINUTE, every=15):
            raise PlatformError(f"RDS cannot restore what {identifier} has got until {written}")
        self._rds(
            "delete-db-instance", named, "--skip-final-snapshot", "--no-delete-automated-backups"
        )
        self._rds("wait", "db-instance-deleted", named, seconds=45 * _MINUTE)
        answer = self._rds("describe-db-instance-automated-backups", named)
        [backups] = answer["DBInstanceAutomatedBackups"]
        arn = str(backups["DBInstanceAutomatedBackupsArn"])
        self._lost.write_text(arn)
        return arn

    def wait_for_targets(self, patience: float = math.inf) -> None:
        settling.wait_for_targets(self.kubectl, self._targets, patience)

    def remains(self) -> list[str]:
        wait_until(lambda: not self._tagged(), seconds=_LISTED_SECONDS, every=15)
        return self._tagged()

    def remove_kept(self) -> None:
        """Delete snapshots, backups, and the log group that EKS makes again."""
        for each in self._rds("describe-db-snapshots", "--snapshot-type=manual")["DBSnapshots"]:
            name = str(each["DBSnapshotIdentifier"])
            if name.startswith(f"{PROJECT}-{self.engine.workspace.stack}-"):
                self._rds("delete-db-snapshot", f"--db-snapshot-identifier={name}")
        if self._lost.exists():
            named = f"--db-instance-automated-backups-arn={self._lost.read_text()}"
            self._rds("delete-db-instance-automated-backup", named)
            self._lost.unlink()
        logs = Names(PROJECT, self.engine.workspace.stack).control_plane_log_group
        found = self._aws("logs", "describe-log-groups", f"--log-group-name-prefix={logs}")
        for each in found["logGroups"]:
            self._aws("logs", "delete-log-group", f"--log-group-name={each['logGroupName']}")

    def _targets(self) -> Mapping[str, str]:
        [binding] = self.kubectl.items("targetgroupbindings", f"--namespace={NAMESPACE}")
        group = f"--target-group-arn={binding['spec']['targetGroupARN']}"
        answer = self._aws("elbv2", "describe-target-health", group)
        found = answer["TargetHealthDescriptions"]
        return {each["Target"]["Id"]: each["TargetHealth"]["State"] for each in found}

    def _tagged(self) -> list[str]:
        of_ours = f"--tag-filters=Key=Environment,Values={self.engine.workspace.stack}"
        answer = self._aws("resourcegroupstaggingapi", "get-resources", of_ours)
        arns = [str(each["ResourceARN"]) for each in answer["ResourceTagMappingList"]]
        return [arn for arn in arns if not any(kind in arn for kind in _NOT_LEFT)]

    @property
    def _lost(self) -> Path:
        """The file that names the backups of the database that was lost."""
        return self.engine.directory / "lost-database"

    def _rds(self, *arguments: str, seconds: float = 120) -> Any:
        return self._aws("rds", *arguments, seconds=seconds)

    def _aws(self, *arguments: str, seconds: float = 120) -> Any:
        return aws(*arguments, region=self.region, seconds=seconds)
