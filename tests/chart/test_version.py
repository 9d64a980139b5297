"""A chart version names one content: `pulumi up` sees a change of a local chart by nothing else."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.support.chart import CHART, ROOT, chart_copy, ci_values, render

FOLDER = str(CHART.relative_to(ROOT))
METADATA = f"{FOLDER}/Chart.yaml"
# As .helmignore says: what only people and tests read.
SPARED = [f":(exclude){FOLDER}/{name}" for name in ("ci", "README.md", ".helmignore")]


def git(*arguments: str) -> str:
    # CI clones as one user and tests as another; git then wants to be told that this is meant.
    command = ["git", "-c", f"safe.directory={ROOT}", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S603  our own arguments


@pytest.fixture(scope="module")
def version_is_changed() -> bool:
    """Whether the change at hand brings its version."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("needs a checkout of git")
    if git("rev-parse", "--is-shallow-repository").strip() == "true":
        pytest.skip("the clone is shallow: run `git fetch --unshallow`")
    return bool(git("diff", "HEAD", "-G^version:", "--name-only", "--", METADATA))


def commit_that_set_the_version() -> str:
    return git("log", "-1", "--format=%H", "-G^version:", "--", METADATA).strip()


def test_no_file_that_is_deployed_changed_since_the_version_was_set(
    *, version_is_changed: bool
) -> None:
    if version_is_changed:
        return
    commit = commit_that_set_the_version()
    changed = git("diff", "--name-only", commit, "--", FOLDER, *SPARED)
    new = git("ls-files", "--others", "--exclude-standard", "--", FOLDER, *SPARED)
    assert changed + new == "", (
        f"charts/backend changed since its version was set in {commit[:12]}:"
        " set a new `version` in charts/backend/Chart.yaml, in the same commit"
    )


def test_the_values_of_the_version_before_still_render(
    tmp_path: Path, *, version_is_changed: bool
) -> None:
    """A key that was removed or renamed would be refused by the schema, or break a template."""
    commit = "HEAD" if version_is_changed else f"{commit_that_set_the_version()}^"
    before = yaml.safe_load(git("show", f"{commit}:{FOLDER}/values.yaml"))
    chart = chart_copy(tmp_path, defaults=before)
    for case in ("default", "production"):
        assert (
            render(ci_values(case), chart=chart).objects.keys()
            == render(ci_values(case)).objects.keys()
        )
