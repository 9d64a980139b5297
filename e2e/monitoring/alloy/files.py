"""Files that grow: which there are, what is new in them, and how far each was read. Stdlib alone.

A file that was replaced is read from its start; what was written between the last look and the
replacement is lost, where real Alloy holds the old file open.
"""

import glob
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from e2e.monitoring.alloy.errors import AlloyError

PATH = "__path__"
_AT_ONCE = 1 << 20


@dataclass(frozen=True, slots=True)
class Position:
    inode: int
    offset: int


def matching(targets: Iterable[Mapping[str, str]]) -> Iterator[dict[str, str]]:
    """Expand the pattern of each target's `__path__`; equal targets are one."""
    seen: set[frozenset[tuple[str, str]]] = set()
    for target in targets:
        pattern = target.get(PATH, "")
        if "**" in pattern:
            raise AlloyError(f"{pattern}: the stand-in knows no **")
        for path in sorted(glob.glob(pattern)):  # noqa: PTH207 - the pattern is a whole path
            found = {**target, PATH: path}
            key = frozenset((name, text) for name, text in found.items() if _stays(name))
            if key not in seen:
                seen.add(key)
                yield found


def _stays(name: str) -> bool:
    return name == PATH or not name.startswith("__")


def labels_of(target: Mapping[str, str]) -> dict[str, str]:
    """Labels of a file's lines: what is internal goes, its path is `filename`."""
    return {
        **{name: text for name, text in target.items() if not name.startswith("__")},
        "filename": target[PATH],
    }


def new_lines(path: Path, position: Position | None) -> tuple[list[str], Position | None]:
    """Read whole lines behind `position`, at most 1 MiB; None when the file has gone."""
    try:
        with path.open("rb") as file:
            inode = path.stat().st_ino
            size = path.stat().st_size
            start = position.offset if position and position.inode == inode else 0
            file.seek(0 if size < start else start)
            start = file.tell()
            content = file.read(_AT_ONCE)
    except FileNotFoundError:
        return [], None
    whole = content[: content.rfind(b"\n") + 1]
    lines = whole.decode(errors="replace").split("\n")[:-1]
    return lines, Position(inode, start + len(whole))


class Positions:
    """How far each file was read, in a file that outlives the program."""

    def __init__(self, path: Path) -> None:
        self._path = path
        content = json.loads(path.read_text()) if path.exists() else {}
        self._read = {name: Position(**each) for name, each in content.items()}

    def __getitem__(self, path: str) -> Position | None:
        return self._read.get(path)

    def update(self, read: Mapping[str, Position]) -> None:
        """Remember, on disk as well, before this returns."""
        if read.items() <= self._read.items():
            return
        self._read |= read
        self._path.parent.mkdir(parents=True, exist_ok=True)
        partial = self._path.with_suffix(".partial")
        partial.write_text(json.dumps({name: asdict(each) for name, each in self._read.items()}))
        partial.rename(self._path)
