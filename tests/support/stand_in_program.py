"""A program on PATH that is no real one: it writes down its arguments and answers what it was told.

For what cannot be brought about with the real helm and docker on a machine without a cluster, an
engine and a registry. What it cannot show, whether they take these arguments, is for the tests
against a real cluster.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from tests.support.shebang import shebang

_SOURCE = """{shebang}
# Stand-in for {name}: no real one.
import json, pathlib, sys
here = pathlib.Path(__file__).parent
with (here / "{name}.calls").open("a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\\n")
for words, answer in json.loads((here / "{name}.answers").read_text()):
    if sys.argv[1:len(words) + 1] == words:
        sys.stdout.write(answer["stdout"])
        sys.stderr.write(answer["stderr"])
        sys.exit(answer["status"])
sys.exit("the stand-in for {name} knows no answer to " + " ".join(sys.argv[1:]))
"""


@dataclass
class StandInProgram:
    """A stand-in called `name`, in a folder that is to be on PATH."""

    folder: Path
    name: str

    def __post_init__(self) -> None:
        self._answers: list[tuple[list[str], dict[str, str | int]]] = []
        program = self.folder / self.name
        program.write_text(_SOURCE.format(shebang=shebang(), name=self.name))
        program.chmod(0o755)
        self._save()

    def answer(self, *words: str, stdout: str = "", stderr: str = "", status: int = 0) -> None:
        """Answer so when the arguments begin with `words`; the first that fits is taken."""
        self._answers.append((list(words), {"stdout": stdout, "stderr": stderr, "status": status}))
        self._save()

    def calls(self) -> list[list[str]]:
        path = self.folder / f"{self.name}.calls"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def _save(self) -> None:
        (self.folder / f"{self.name}.answers").write_text(json.dumps(self._answers))
