"""What the fake cloud remembers, on disk: resources, the ledger of changes, injected faults.

Everything that knows the format of these files is here. Secrets are in none of them.
"""

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from urllib.parse import quote

from e2e.deploy.cloud.values import Properties

# The key under which a resource's file says what it is, beside the resource's properties.
_ABOUT = "__resource"


@dataclass(frozen=True, slots=True)
class Resource:
    type: str
    name: str  # as the program calls it
    id: str
    # All properties but the secret ones.
    outputs: Properties = field(default_factory=dict)
    inputs: tuple[str, ...] = ()

    def goes_by(self, reference: str) -> bool:
        return reference in {self.id, self.outputs.get("arn")}


@dataclass(frozen=True, slots=True)
class Call:
    """A create, update or delete. A failed one says in `error` why."""

    op: str
    type: str
    name: str
    at: float  # when it was over, in seconds since 1970
    error: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    op: str
    pattern: str  # of a type, with or without its class, or of a name
    seconds: float | None = None  # how much later the operation begins; None: it fails

    def hits(self, op: str, type_: str, name: str) -> bool:
        candidates = (type_, short(type_), name)
        return op == self.op and any(fnmatch(one, self.pattern) for one in candidates)


def short(type_: str) -> str:
    """Cut the class: `aws:rds/instance:Instance` is `aws:rds/instance`."""
    return type_.rpartition(":")[0]


class Records:
    """One directory for all plugins and the harness; each may read what another wrote."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._ledger = directory / "ledger.jsonl"
        self._faults = directory / "faults.jsonl"
        self._lock = threading.Lock()

    def path(self, type_: str, identity: str) -> Path:
        return self.files(type_).with_name(f"{quote(identity, safe='')}.json")

    def files(self, type_: str) -> Path:
        """Give a pattern of the files with the properties of a type; there may be none yet."""
        # By type, because an id may be the same: a repository's name is its policy's id too.
        return self.directory / "resources" / type_.replace(":", ".").replace("/", ".") / "*.json"

    def put(self, resource: Resource) -> None:
        about = asdict(resource)
        content = {**about.pop("outputs"), _ABOUT: about}
        write(self.path(resource.type, resource.id), json.dumps(content, indent=1))

    def get(self, type_: str, identity: str) -> Resource | None:
        return _read(self.path(type_, identity))

    def drop(self, type_: str, identity: str) -> None:
        self.path(type_, identity).unlink(missing_ok=True)

    def resources(self) -> list[Resource]:
        """What exists now, whether or not Pulumi knows it."""
        paths = sorted(self.directory.glob("resources/*/*.json"))
        return [found for path in paths if (found := _read(path))]  # others delete meanwhile

    def all(self, type_: str) -> list[Resource]:
        return [one for one in self.resources() if one.type == type_]

    def record(self, call: Call) -> None:
        self._ledger.parent.mkdir(parents=True, exist_ok=True)
        with self._lock, self._ledger.open("a") as ledger:
            ledger.write(json.dumps(asdict(call)) + "\n")

    def ledger(self) -> list[Call]:
        """Every create, update and delete in the order of their ends."""
        return [Call(**entry) for entry in _entries(self._ledger)]

    def faults(self) -> list[Fault]:
        return [Fault(**entry) for entry in _entries(self._faults)]

    def set_faults(self, faults: list[Fault]) -> None:
        write(self._faults, "".join(json.dumps(asdict(fault)) + "\n" for fault in faults))


def write(path: Path, content: str) -> None:
    """Never leave half a file: others read while this writes, or write the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.write_text(content)
    temporary.replace(path)


def _entries(path: Path) -> Iterator[Properties]:
    if path.exists():
        yield from map(json.loads, path.read_text().splitlines())


def _read(path: Path) -> Resource | None:
    try:
        outputs = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    about = outputs.pop(_ABOUT)
    return Resource(outputs=outputs, **about | {"inputs": tuple(about["inputs"])})
