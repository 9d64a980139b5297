"""`make release`: put one version of the application into the release that Pulumi installed."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from release import versions
from release.programs import ReleaseError, ask, require, run, say

# Longer than the chart's migration deadline, and than its rollout deadline: Helm must see them end.
TIMEOUT = "10m"
_CHART = "charts/backend"


@dataclass(frozen=True)
class Target:
    release: str
    namespace: str

    def helm(self, *arguments: str) -> list[str]:
        return ["helm", *arguments, "--namespace", self.namespace]


def upgrade_command(target: Target, version: str) -> list[str]:
    """Build the command that changes the tag and nothing else.

    `--reset-then-reuse-values` keeps what Pulumi has set and takes the chart's new defaults.
    `--set-string`, because `--set` reads 1.10 as the number 1.1. A digest of an earlier release
    would win over the tag, so it goes.
    """
    return [
        *target.helm("upgrade", target.release, _CHART),
        "--reset-then-reuse-values",
        *("--set-string", f"image.tag={version}"),
        *("--set-string", "image.digest="),
        "--wait",
        *("--timeout", TIMEOUT),
    ]


def release(*, version: str, target: Target, root: Path) -> None:
    version = versions.checked(version, command="make release")
    require("helm", "install Helm 3.14 or newer (https://helm.sh)")
    _require_settled(target)
    before = _revision_that_runs(target)
    say(f"{target.release}: migrating, then replacing pods one by one with {version}")
    status = run(
        upgrade_command(target, version),
        cwd=root,
        progress=lambda seconds: say(f"  {seconds:4.0f} s  {_pods(target)}"),
    )
    back = " ".join(rollback_command(target, before)) if before else None
    if status:
        raise ReleaseError(_failure(target, version, back))
    say(f"{target.release} runs {version}" + (f"\nback: {back}" if back else ""))


def rollback_command(target: Target, revision: int) -> list[str]:
    arguments = ["rollback", target.release, str(revision), "--wait", "--timeout", TIMEOUT]
    return target.helm(*arguments)


def _require_settled(target: Target) -> None:
    answer = ask(target.helm("status", target.release, "--output", "json"))
    if "release: not found" in answer.stderr:
        raise ReleaseError(
            f"there is no release {target.release!r} in namespace {target.namespace!r}:"
            " `pulumi up` installs it, with the namespace, its Secrets and its values"
        )
    if answer.returncode:
        raise ReleaseError(
            f"helm cannot read the release {target.release!r}: {answer.stderr.strip()}"
        )
    info = json.loads(answer.stdout)["info"]
    if info["status"].startswith("pending-"):
        raise ReleaseError(_pending(target, info["status"], info.get("last_deployed", "")))


def _pending(target: Target, status: str, since: str) -> str:
    last_good = _revision_that_runs(target)
    free = (
        " ".join(rollback_command(target, last_good))
        if last_good
        else " ".join(target.helm("uninstall", target.release)) + "   (then `pulumi up`)"
    )
    return (
        f"the release {target.release!r} is {status} since {since}: somebody is deploying, or a"
        " deployment was interrupted. If nobody is deploying, free it with:\n  " + free
    )


def _revision_that_runs(target: Target) -> int | None:
    """Return the newest revision that was deployed whole, or None if there has been none."""
    answer = ask(target.helm("history", target.release, "--output", "json"))
    if answer.returncode:
        return None
    return last_good_revision(json.loads(answer.stdout))


def last_good_revision(history: Sequence[dict[str, object]]) -> int | None:
    for status in ("deployed", "superseded"):
        revisions = [int(str(item["revision"])) for item in history if item["status"] == status]
        if revisions:
            return max(revisions)
    return None


def _failure(target: Target, version: str, back: str | None) -> str:
    lines = [
        f"{version} is not released (see above). The pods of the previous version still serve.",
        _pods(target),
        f"migration: kubectl logs --namespace {target.namespace} job/{target.release}-migrate",
    ]
    if back:
        lines.append(f"back: {back}")
    return "\n  ".join(lines)


def _pods(target: Target) -> str:
    """Return the state of the pods, or the command that shows it."""
    selector = f"app.kubernetes.io/instance={target.release}"
    command = ["kubectl", "get", "pods", "--namespace", target.namespace, "--selector", selector]
    if shutil.which("kubectl") is None:
        return f"kubectl is not on PATH: install it to see the pods ({' '.join(command)})"
    answer = ask([*command, "--no-headers"])
    pods = [" ".join(line.split()[:3]) for line in answer.stdout.splitlines()]
    return "; ".join(pods) or answer.stderr.strip()
