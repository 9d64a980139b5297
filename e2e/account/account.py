"""The deployed stack in an AWS account, as drills use it."""

import math
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from e2e.account.engine import AccountEngine
from e2e.cluster.kubectl import Kubectl
from e2e.cluster.processes import wait_until
from e2e.cluster.shell import run
from e2e.deploy.engine.stacks import PROJECT, REPOSITORY, Stack
from e2e.platform import settling
from e2e.platform.commands import Commands
from e2e.platform.deployed import Deployed
from e2e.platform.errors import PlatformError
from infra.naming import NAMESPACE, Names
from infra.plan.leftovers import Leftover, ask_aws, search
from infra.plan.project import read_stack

_MINUTE = 60
# What outlives a destroy on purpose, or is made again by EKS; `remove_kept` deletes it.
_KEPT = {"database snapshot", "automated backups", "log group"}
# No leftovers: they stay on AWS's lists for an hour or, a key, for days after their deletion;
# instances and gateways cannot outlive their VPC.
_NOT_LEFT = (":snapshot:", ":auto-backup:", ":instance/", ":natgateway/", ":key/")
_LISTED_SECONDS = 10 * _MINUTE


def of_dev(setting: str) -> str:
    return read_stack(REPOSITORY, "dev").values.get(f"{PROJECT}:{setting}", "")


@dataclass(frozen=True, slots=True)
class Account(Deployed):
    engine: AccountEngine
    region: str

    @classmethod
    def of(cls, engine: AccountEngine, stack: Stack) -> Self:
        variables = {**engine.environment, "KUBECONFIG": str(engine.kubeconfig)}
        log = engine.directory / "logs" / "release.log"
        commands = Commands(engine.workspace.program, variables, Path("helm"), log)
        return cls(stack, engine, commands, of_dev("region"))

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
        named = ("--db-instance-identifier", identifier)
        written = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())

        def restorable() -> bool:
            [found] = self._ask("rds", "describe-db-instances", *named)["DBInstances"]
            return str(found.get("LatestRestorableTime", "")) > written

        if not wait_until(restorable, seconds=15 * _MINUTE, every=15):
            raise PlatformError(f"RDS cannot restore what {identifier} has got until {written}")
        keeping = ("--skip-final-snapshot", "--no-delete-automated-backups")
        self._ask("rds", "delete-db-instance", *named, *keeping)
        gone = ("aws", "rds", "wait", "db-instance-deleted", *named, f"--region={self.region}")
        run(*gone, seconds=45 * _MINUTE)
        answer = self._ask("rds", "describe-db-instance-automated-backups", *named)
        [backups] = answer["DBInstanceAutomatedBackups"]
        return str(backups["DBInstanceAutomatedBackupsArn"])

    def wait_for_targets(self, patience: float = math.inf) -> None:
        settling.wait_for_targets(self.kubectl, self._targets, patience)

    def remains(self) -> list[str]:
        wait_until(lambda: not self._left(), seconds=_LISTED_SECONDS, every=15)
        return self._left()

    def remove_kept(self) -> None:
        """Delete snapshots, backups, and the log group that EKS makes again."""
        for one in self._found():
            if one.kind in _KEPT:
                self._ask(*one.delete.split()[1:])

    def _left(self) -> list[str]:
        others = [one for one in self._found() if one.kind not in _KEPT]
        left = [one for one in others if not any(part in one.id for part in _NOT_LEFT)]
        return [f"{one.kind} {one.id}" for one in left]

    def _found(self) -> Sequence[Leftover]:
        """List what `make leftovers` would list of the stack."""
        stack = self.engine.workspace.stack
        values = {
            "project": PROJECT,
            "environment": stack,
            "cluster": Names(PROJECT, stack).cluster,
            "role_path": of_dev("rolePath"),
        }
        found = search(values, lambda question: ask_aws(question, self.region))
        if found.unknown:
            raise PlatformError("; ".join(found.unknown))
        return found.leftovers

    def _targets(self) -> Mapping[str, str]:
        [binding] = self.kubectl.items("targetgroupbindings", f"--namespace={NAMESPACE}")
        group = ("--target-group-arn", binding["spec"]["targetGroupARN"])
        found = self._ask("elbv2", "describe-target-health", *group)["TargetHealthDescriptions"]
        return {each["Target"]["Id"]: each["TargetHealth"]["State"] for each in found}

    def _ask(self, *arguments: str) -> Mapping[str, Any]:
        return ask_aws(arguments, self.region)
