"""Charts of other projects, as the program installs them.

What the program would give each chart is asked of the program itself, run without an engine.
"""

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.cluster.shell import run

REPOSITORY = Path(__file__).parents[2]

_SECONDS = 300  # ten at most on a machine that does nothing else
_RELEASE = "kubernetes:helm.sh/v3:Release"


@dataclass(frozen=True, slots=True)
class Release:
    """What the program tells Helm. Values that only AWS knows are placeholders."""

    name: str
    namespace: str
    chart: str
    version: str
    values: Mapping[str, Any]

    @property
    def archive(self) -> str:
        """The file name under which `helm pull` stores it."""
        name = self.chart.rpartition("/")[2]
        return name if name.endswith(".tgz") else f"{name}-{self.version}.tgz"

    @contextmanager
    def values_file(self) -> Iterator[Path]:
        """Lay the values where Helm can read them."""
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(self.values, file)
            file.flush()
            yield Path(file.name)


def installed_by(stack: str, program: Path = REPOSITORY) -> list[Release]:
    """Run a folder's program without an engine; give what it installs of other projects."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "plan.json"
        plan = ("-P", "-m", "infra.plan", "--stack", stack, "--output", str(file))
        run(sys.executable, *plan, environment={"PYTHONPATH": str(program)}, seconds=_SECONDS)
        return releases_of(json.loads(file.read_text()))


def releases_of(plan: Mapping[str, Any]) -> list[Release]:
    """Read plan.json. The backend's own chart is a folder of the checkout, and has no version."""
    found = [each["inputs"] for each in plan["resources"] if each["type"] == _RELEASE]
    keys = ("name", "namespace", "chart", "version", "values")
    return [Release(**{key: each[key] for key in keys}) for each in found if "version" in each]
