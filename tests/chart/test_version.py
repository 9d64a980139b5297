"""A chart version names one content: `pulumi up` sees a change of a local chart by nothing else."""

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.support import history
from tests.support.chart import chart_copy, ci_values, render


@pytest.fixture(scope="module")
def _history() -> None:
    try:
        history.require_history()
    except history.NoHistoryError as error:
        pytest.skip(str(error))


@pytest.mark.usefixtures("_history")
def test_no_file_that_is_deployed_changed_since_the_version_was_set() -> None:
    if history.version_is_changed():
        return  # the change at hand brings its version
    commit = history.commit_that_set_the_version()
    assert commit is not None
    assert history.deployed_changes(commit) == [], (
        f"charts/backend changed since its version was set in {commit[:12]}:"
        " set a new `version` in charts/backend/Chart.yaml, in the same commit"
    )


@pytest.mark.usefixtures("_history")
def test_the_values_of_the_version_before_still_render(tmp_path: Path) -> None:
    """A key that was removed or renamed would be refused by the schema, or break a template."""
    commit = "HEAD" if history.version_is_changed() else history.commit_that_set_the_version()
    assert commit is not None
    before = history.values_before(commit)
    if before is None:
        return  # the first version
    chart = chart_copy(tmp_path, defaults=yaml.safe_load(before))
    for case in ("default", "production"):
        assert (
            render(ci_values(case), chart=chart).objects.keys()
            == render(ci_values(case)).objects.keys()
        )


class _Repository:
    """A small repository with a chart, to see the check fail where it must."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.git("init", "--quiet", "--initial-branch=main")
        self.write("Chart.yaml", "name: backend\nversion: 0.1.0\n")
        self.write("values.yaml", "a: 1\n")
        self.commit()

    def git(self, *arguments: str) -> None:
        identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
        command = ["git", *identity, *arguments]
        subprocess.run(command, cwd=self.root, check=True)  # noqa: S603 - our own arguments

    def write(self, name: str, text: str) -> None:
        path = self.root / "charts" / "backend" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--no-gpg-sign", "--message=change")

    def changes(self) -> list[str]:
        commit = history.commit_that_set_the_version(self.root)
        assert commit is not None
        return history.deployed_changes(commit, self.root)


@pytest.fixture
def repository(tmp_path: Path, _history: None) -> _Repository:
    return _Repository(tmp_path)


@pytest.mark.parametrize("committed", [True, False])
@pytest.mark.parametrize("name", ["values.yaml", "templates/new.yaml", "files/rules/new.yaml"])
def test_a_change_without_a_version_is_seen(
    repository: _Repository, name: str, committed: bool
) -> None:
    repository.write(name, "b: 2\n")
    if committed:
        repository.commit()
    assert repository.changes() == [f"charts/backend/{name}"]


@pytest.mark.parametrize("name", ["README.md", "ci/new-values.yaml"])
def test_what_reaches_no_cluster_needs_no_version(repository: _Repository, name: str) -> None:
    repository.write(name, "b: 2\n")
    repository.commit()
    assert repository.changes() == []


def test_a_change_with_its_version_passes(repository: _Repository) -> None:
    repository.write("values.yaml", "b: 2\n")
    repository.write("Chart.yaml", "name: backend\nversion: 0.1.1\n")
    assert history.version_is_changed(repository.root)
    repository.commit()
    assert not history.version_is_changed(repository.root)
    assert repository.changes() == []
    commit = history.commit_that_set_the_version(repository.root)
    assert commit is not None
    assert history.values_before(commit, repository.root) == "a: 1\n"
