"""The Dockerfile read as data: what each instruction says, and how the image runs.

For tests, and for whoever builds the image without an engine: `final_stage` has what
`backend/image/build.sh` does not lay down (user, folder, environment, command).
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

from tests.support.chart import ROOT

DOCKERFILE = ROOT / "backend" / "Dockerfile"


@dataclass(frozen=True)
class Instruction:
    word: str
    text: str


@dataclass(frozen=True)
class Stage:
    base: str
    instructions: tuple[Instruction, ...]

    def texts(self, word: str) -> list[str]:
        return [each.text for each in self.instructions if each.word == word]

    @property
    def user(self) -> str:
        return self.texts("USER")[-1]

    @property
    def folder(self) -> str:
        return self.texts("WORKDIR")[-1]

    @property
    def environment(self) -> dict[str, str]:
        pairs = re.findall(r"(\w+)=(\S+)", " ".join(self.texts("ENV")))
        return dict(pairs)

    @property
    def command(self) -> list[str]:
        words: list[str] = json.loads(self.texts("CMD")[-1])
        return words

    def copies(self, *, from_stage: bool) -> list[tuple[list[str], str]]:
        """Return (sources, target) of each COPY, from another stage or from the build context."""
        found = []
        for text in self.texts("COPY"):
            words = text.split()
            paths = [word for word in words if not word.startswith("--")]
            if (len(paths) < len(words)) == from_stage:
                found.append((paths[:-1], paths[-1]))
        return found


def stages(path: Path = DOCKERFILE) -> list[Stage]:
    """Read the subset of the format that our Dockerfile uses."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    logical = re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines()
    instructions = [Instruction(*line.split(None, 1)) for line in logical if line.strip()]
    starts = [index for index, each in enumerate(instructions) if each.word == "FROM"]
    return [
        Stage(instructions[start].text.split()[0], tuple(instructions[start + 1 : end]))
        for start, end in zip(starts, [*starts[1:], None], strict=True)
    ]


def final_stage(path: Path = DOCKERFILE) -> Stage:
    return stages(path)[-1]
