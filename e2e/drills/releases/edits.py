"""Changes of the workspace's copy of the repository, as a developer would make them."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from e2e.deploy.engine.stacks import REPOSITORY
from e2e.deploy.engine.workspace import put_back

_VERSIONS = Path("backend") / "migrations" / "versions"

_MIGRATION = '''"""{title}"""

from alembic import op

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("{statement}")


def downgrade() -> None:
    """Nothing: nobody goes back in a drill."""
'''

_TEMPLATE = """apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "backend.fullname" . }}-%(name)s
data:
  value: {{ .Values.%(key)s | default "absent" | quote }}
"""


def additive_migration() -> dict[str, str]:
    """Give a revision that adds what the release before does not know, for an image's `extra`."""
    statement = "ALTER TABLE integration ADD COLUMN e2e_note text"
    return _migration(1, statement, title="A column that nobody reads yet.")


def failing_migration() -> dict[str, str]:
    """Give that revision, which may be in the database already, and one that it refuses."""
    return additive_migration() | _migration(2, "SELECT 1 / 0", title="A mistake.")


def additive_revision() -> str:
    """Name it as the database does."""
    return _revision(1)


def migrated(sql: Callable[[str], str]) -> bool:
    """Whether that revision is the database's, and what it adds is there."""
    found = sql(
        "SELECT version_num, count(column_name) FROM alembic_version, information_schema.columns"
        " WHERE table_name = 'integration' AND column_name = 'e2e_note' GROUP BY version_num"
    )
    return found == f"{additive_revision()} | 1"


def _migration(number: int, statement: str, *, title: str) -> dict[str, str]:
    """Give the file of the revision that is so many after the repository's last one."""
    before, revision = _revision(number - 1), _revision(number)
    text = _MIGRATION.format(title=title, revision=revision, before=before, statement=statement)
    return {str(_VERSIONS / f"{revision}_e2e.py"): text}


def _revision(number: int) -> str:
    last = max(int(path.name[:4]) for path in (REPOSITORY / _VERSIONS).glob("[0-9]*.py"))
    return f"{last + number:04d}"


def add_chart_key(program: Path, value: str) -> str:
    """Give the chart a new value with a default, a ConfigMap that shows it, and a new version.

    Returns the ConfigMap's suffix.
    """
    chart = program / "charts" / "backend"
    number = len(list((chart / "templates").glob("e2e-*.yaml"))) + 1
    name, key = f"e2e-{number}", f"e2eKey{number}"
    (chart / "templates" / f"{name}.yaml").write_text(_TEMPLATE % {"name": name, "key": key})
    with (chart / "values.yaml").open("a") as values:
        values.write(f"\n# -- Made by a drill.\n{key}: {value}\n")
    schema = chart / "values.schema.json"
    content = json.loads(schema.read_text())
    content["properties"][key] = {"type": "string"}
    schema.write_text(json.dumps(content))
    version = r"(version: \d+\.\d+\.)(\d+)"
    _edit(chart / "Chart.yaml", version, lambda found: f"{found[1]}{int(found[2]) + 1}")
    return name


@contextmanager
def impatient_release(program: Path, patience: str) -> Iterator[None]:
    """Let the copy of `make release` wait less than ten minutes for pods that never get ready."""
    with put_back(program / "release" / "upgrade.py") as file:
        _edit(file, 'TIMEOUT = ".*"', lambda _: f'TIMEOUT = "{patience}"')
        yield


def _edit(file: Path, line: str, by: Callable[[re.Match[str]], str]) -> None:
    """Replace the one line that matches."""
    text, count = re.subn(f"(?m)^{line}$", by, file.read_text())
    if count != 1:
        raise ValueError(f"{file} has {count} lines like {line!r}: there must be one")
    file.write_text(text)
