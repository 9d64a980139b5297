"""What the stand-in cloud remembers, on disk: resources, the ledger of calls, injected faults.

Everything that knows the format of these files is here. Secrets are in none of them.
"""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Self, cast
from urllib.parse import quote

from e2e.deploy.cloud.values import Json, Properties, text

# The key under which a resource's file says what it is, beside the resource's properties.
_ABOUT = "__resource"


@dataclass(frozen=True, slots=True)
class Resource:
    type: str
    name: str  # as the program calls it
    urn: str
    id: str
    # All properties but the secret ones.
    outputs: Properties = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    # Ids of what AWS makes along with it and Pulumi does not know, such as a VPC's default group.
    along: dict[str, str] = field(default_factory=dict)

    def goes_by(self, reference: str) -> bool:
        return reference in {self.id, self.outputs.get("arn")}


@dataclass(frozen=True, slots=True)
class Call:
    """Something that was asked of the cloud. A failed one says in `error` why."""

    op: str
    type: str
    name: str
    urn: str
    at: float  # when it was over, in seconds since 1970
    id: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    what: str  # fail or slow
    op: str
    pattern: str  # of a type, with or without its class, or of a name
    seconds: float = 0

    @classmethod
    def parse(cls, line: str) -> Self:
        what, op, pattern, *seconds = line.split()
        return cls(what, op, pattern, *map(float, seconds))

    def __str__(self) -> str:
        return f"{self.what} {self.op} {self.pattern} {self.seconds}"

    def hits(self, op: str, type_: str, name: str) -> bool:
        candidates = (type_, short(type_), name)
        return op == self.op and any(fnmatch(one, self.pattern) for one in candidates)


def short(type_: str) -> str:
    """Cut the class: `aws:rds/instance:Instance` is `aws:rds/instance`."""
    return type_.rpartition(":")[0]


class Records:
    """One directory for all plugins and the harness; each may read what another wrote."""

    def __init__(self, directory: Path) -> None:
        self._resources = directory / "resources"
        self._ledger = directory / "ledger.jsonl"
        self._faults = directory / "faults"
        self._lock = threading.Lock()

    def path(self, type_: str, identity: str) -> Path:
        return self.files(type_).with_name(f"{quote(identity, safe='')}.json")

    def files(self, type_: str) -> Path:
        """Give a pattern of the files of a type; there may be none of them yet."""
        # By type, because an id may be the same: a repository's name is its policy's id too.
        return self._resources / type_.replace(":", ".").replace("/", ".") / "*.json"

    def put(self, resource: Resource) -> None:
        about = {key: value for key, value in asdict(resource).items() if key != "outputs"}
        path = self.path(resource.type, resource.id)
        _write(path, json.dumps({**resource.outputs, _ABOUT: about}, indent=1))

    def get(self, type_: str, identity: str) -> Resource | None:
        return _read(self.path(type_, identity))

    def drop(self, type_: str, identity: str) -> None:
        self.path(type_, identity).unlink(missing_ok=True)

    def all(self) -> Iterator[Resource]:
        for path in sorted(self._resources.glob("*/*.json")):
            if resource := _read(path):  # others delete meanwhile
                yield resource

    def record(self, call: Call) -> None:
        self._ledger.parent.mkdir(parents=True, exist_ok=True)
        with self._lock, self._ledger.open("a") as ledger:
            ledger.write(json.dumps(asdict(call)) + "\n")

    def calls(self) -> list[Call]:
        return [Call(**json.loads(line)) for line in _lines(self._ledger)]

    def faults(self) -> list[Fault]:
        return [Fault.parse(line) for line in _lines(self._faults)]

    def set_faults(self, faults: list[Fault]) -> None:
        _write(self._faults, "".join(f"{fault}\n" for fault in faults))


def now() -> float:
    return round(time.time(), 3)


def _write(path: Path, content: str) -> None:
    """Never leave half a file: others read while this writes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    temporary.write_text(content)
    temporary.replace(path)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except FileNotFoundError:
        return []


def _read(path: Path) -> Resource | None:
    try:
        outputs = cast("Properties", json.loads(path.read_text()))
    except FileNotFoundError:
        return None
    about = cast("dict[str, Json]", outputs.pop(_ABOUT))
    return Resource(
        type=text(about, "type"),
        name=text(about, "name"),
        urn=text(about, "urn"),
        id=text(about, "id"),
        outputs=outputs,
        inputs=tuple(cast("list[str]", about["inputs"])),
        along=cast("dict[str, str]", about["along"]),
    )
