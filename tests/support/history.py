"""What the repository's history says about the chart. Read-only, through git."""

import shutil
import subprocess
from pathlib import Path

from tests.support.chart import CHART, ROOT


class NoHistoryError(Exception):
    """There is no history to ask; the text says why."""


def require_history(root: Path = ROOT) -> None:
    if shutil.which("git") is None:
        raise NoHistoryError("git is not on PATH")
    inside = _run(root, "rev-parse", "--is-inside-work-tree", "--is-shallow-repository")
    if inside.returncode:
        raise NoHistoryError("this is no git checkout")
    if "true" in inside.stdout.splitlines()[1:]:
        raise NoHistoryError("the clone is shallow: run `git fetch --unshallow`")


def commit_that_set_the_version(root: Path = ROOT) -> str | None:
    """Return the commit that last touched the `version` of Chart.yaml, or None if none has yet."""
    metadata = str(CHART.relative_to(ROOT) / "Chart.yaml")
    return _git(root, "log", "-1", "--format=%H", "-G^version:", "--", metadata).strip() or None


def version_is_changed(root: Path = ROOT) -> bool:
    """Whether the working tree's Chart.yaml has another version than the last commit's."""
    metadata = str(CHART.relative_to(ROOT) / "Chart.yaml")
    return bool(_git(root, "diff", "HEAD", "-G^version:", "--name-only", "--", metadata).strip())


def deployed_changes(since: str, root: Path = ROOT) -> list[str]:
    """List what differs in the working tree from a commit, of the files that reach a cluster."""
    chart = str(CHART.relative_to(ROOT))
    # As .helmignore says: what only people and tests read.
    spared = [f":(exclude){chart}/{name}" for name in ("ci", "README.md", ".helmignore")]
    tracked = _git(root, "diff", "--name-only", since, "--", chart, *spared)
    new = _git(root, "ls-files", "--others", "--exclude-standard", "--", chart, *spared)
    return sorted({*tracked.splitlines(), *new.splitlines()})


def values_before(commit: str, root: Path = ROOT) -> str | None:
    """Return values.yaml as it was before a commit, or None if there was none."""
    path = str((CHART / "values.yaml").relative_to(ROOT))
    shown = _run(root, "show", f"{commit}^:{path}")
    return None if shown.returncode else shown.stdout


def _git(root: Path, *arguments: str) -> str:
    result = _run(root, *arguments)
    result.check_returncode()
    return result.stdout


def _run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # CI clones as one user and tests as another; git then wants to be told that this is meant.
    command = ["git", "-c", f"safe.directory={root}", *arguments]
    # Arguments are our own, and there is no shell.
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603 - as above
