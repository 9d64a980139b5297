import stat
from pathlib import Path

from e2e.deploy.engine.workspace import REPOSITORY, Workspace


def test_a_workspace_has_the_program_and_leaves_the_checkout_alone(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "engine")
    chart = workspace.program / "charts" / "backend" / "Chart.yaml"
    assert chart.read_text() == (REPOSITORY / "charts/backend/Chart.yaml").read_text()
    assert (workspace.program / ".venv/bin/python").exists()
    # Without them, the dashboard of runbooks would be deployed empty.
    assert any((workspace.program / "docs" / "runbooks").glob("*.md"))
    chart.write_text("edited by a drill")
    assert (REPOSITORY / "charts/backend/Chart.yaml").read_text() != "edited by a drill"


def test_the_passphrase_is_readable_by_its_owner_alone_and_new_each_time(tmp_path: Path) -> None:
    first = Workspace.create(tmp_path / "engine").passphrase.read_text()
    second = Workspace.create(tmp_path / "engine").passphrase
    assert stat.S_IMODE(second.stat().st_mode) == 0o600
    assert second.read_text() != first
