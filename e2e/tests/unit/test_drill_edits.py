"""What drills change in the copy of the repository is what a developer could have written."""

import ast
import shutil
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from e2e.drills import edits
from tests.support.chart import ROOT, chart_copy, ci_values, default_values, load, render


@pytest.fixture
def program(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "release", tmp_path / "release")
    chart_copy(tmp_path / "charts")
    return tmp_path


@pytest.mark.parametrize(
    ("extra", "revisions"),
    [(edits.additive_migration(), 1), (edits.failing_migration(), 2)],
    ids=["additive", "failing"],
)
def test_migrations_follow_the_last_one(
    extra: dict[str, str], revisions: int, tmp_path: Path
) -> None:
    migrations = tmp_path / "backend" / "migrations"
    shutil.copytree(ROOT / "backend" / "migrations", migrations)
    before = _head(migrations)
    for name, text in extra.items():
        (tmp_path / name).write_text(text)
    after = _head(migrations)
    assert int(after) == int(before) + revisions == int(before) + len(extra)
    path = [script.revision for script in _scripts(migrations).walk_revisions(before, after)]
    assert len(path) == revisions + 1


def test_a_migration_that_fails_comes_after_one_that_may_be_done_already() -> None:
    """Else a database that `app-upgrade` has left would skip it, and the drill see no failure."""
    assert edits.additive_migration().items() <= edits.failing_migration().items()


def _head(migrations: Path) -> str:
    head = _scripts(migrations).get_current_head()
    assert head is not None
    return head


def _scripts(migrations: Path) -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(migrations))
    return ScriptDirectory.from_config(config)


def test_a_new_key_has_a_default_a_schema_a_template_and_a_version(program: Path) -> None:
    chart = program / "charts" / "backend"
    version = load(chart / "Chart.yaml")["version"]
    name = edits.add_chart_key(program, "first")
    assert load(chart / "Chart.yaml")["version"] == _next(version)
    shown = render(ci_values(), chart=chart)["ConfigMap", f"backend-{name}"]
    assert shown["data"] == {"value": "first"}


def test_pods_do_not_change_with_the_key(program: Path) -> None:
    edits.add_chart_key(program, "first")
    before, after = render(ci_values()), render(ci_values(), chart=program / "charts" / "backend")
    for key in (("Deployment", "backend"), ("Deployment", "backend-worker")):
        assert before[key]["spec"] == after[key]["spec"]


def test_a_release_with_older_values_has_no_default(program: Path, tmp_path: Path) -> None:
    """What `pulumi up` sees: the values of the release before, and none of the new ones."""
    name = edits.add_chart_key(program, "first")
    chart = shutil.copytree(program / "charts" / "backend", tmp_path / "older" / "backend")
    shutil.copy2(ROOT / "charts" / "backend" / "values.yaml", chart / "values.yaml")
    assert "e2eKey1" not in default_values()
    shown = render(ci_values(), chart=chart)["ConfigMap", f"backend-{name}"]
    assert shown["data"] == {"value": "absent"}


def test_a_second_key_is_another_one(program: Path) -> None:
    first, second = (edits.add_chart_key(program, value) for value in ("first", "second"))
    rendered = render(ci_values(), chart=program / "charts" / "backend")
    assert first != second
    assert rendered["ConfigMap", f"backend-{first}"]["data"] == {"value": "first"}
    assert rendered["ConfigMap", f"backend-{second}"]["data"] == {"value": "second"}


def test_a_chart_without_a_version_is_an_error(program: Path) -> None:
    (program / "charts" / "backend" / "Chart.yaml").write_text("name: backend\n")
    with pytest.raises(ValueError, match="has 0 lines `version: "):
        edits.add_chart_key(program, "first")


def test_patience_is_restored_whatever_happens(program: Path) -> None:
    file = program / "release" / "upgrade.py"
    original = file.read_text()

    def released_impatiently() -> None:
        with edits.impatient_release(program, "60s"):
            assert _timeout(file) == "60s"
            raise OSError("helm is gone")

    with pytest.raises(OSError, match="helm is gone"):
        released_impatiently()
    assert file.read_text() == original
    assert _timeout(file) != "60s"


def _timeout(file: Path) -> str:
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "TIMEOUT":
            return str(ast.literal_eval(node.value))
    raise AssertionError("no TIMEOUT")


def _next(version: str) -> str:
    major, minor, patch = version.split(".")
    return f"{major}.{minor}.{int(patch) + 1}"
