"""Which plugins the engine runs: real language host and Kubernetes provider where there are any.

AWS, EKS, random and docker-build are always stand-ins.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Self

from e2e.deploy.engine.archives import unpacked
from e2e.deploy.engine.download import installed
from e2e.deploy.engine.errors import EngineError
from e2e.deploy.engine.workspace import REPOSITORY
from e2e.programs.uv import NO_UV, find_uv

# Beside the checkout, as `<program>-<version>.linux-amd64.xz`; a checkout alone has none.
SHARED = REPOSITORY.parent / "shared" / "plugins"
STAND_INS = Path(__file__).parents[1] / "cloud"


@dataclass(frozen=True, slots=True)
class Kind:
    """A plugin of which there is a real one somewhere, and a stand-in here."""

    name: str
    role: str  # as `pulumi plugin install` calls it
    package: str  # of PyPI, whose locked version is the plugin's
    stand_in: str  # folder under STAND_INS

    @property
    def program(self) -> str:
        return f"pulumi-{self.role}-{self.name}"

    @property
    def version(self) -> str:
        return metadata.version(self.package)


LANGUAGE = Kind("python", "language", "pulumi", "language")
KUBERNETES = Kind("kubernetes", "resource", "pulumi-kubernetes", "kubernetes")
ALWAYS_STAND_INS = ("aws", "docker-build", "eks", "random")


@dataclass(frozen=True, slots=True)
class Plugins:
    """`directories` come first on the engine's PATH; `used` says what is in them."""

    directories: tuple[Path, ...]
    used: Mapping[str, str]

    @classmethod
    def choose(cls, *, pulumi: Path, stand_ins: Path, real: bool | None = None) -> Self:
        """Take the real ones where there are any; with `real` only those, or only stand-ins."""
        chosen = {kind.name: _choose(kind, pulumi, real) for kind in (LANGUAGE, KUBERNETES)}
        directories = [directory for directory, _ in chosen.values()]
        used = {name: what for name, (_, what) in chosen.items()}
        return cls((*directories, stand_ins), used | dict.fromkeys(ALWAYS_STAND_INS, "stand-in"))


def _choose(kind: Kind, pulumi: Path, real: bool | None) -> tuple[Path, str]:
    stand_in = STAND_INS / kind.stand_in
    if real is False:
        return stand_in, "stand-in (asked for)"
    if kind is LANGUAGE and find_uv() is None:
        found, reason = None, NO_UV
    else:
        found, reason = _find(kind, pulumi)
    if found:
        return found.parent, f"real {reason}"
    if real:
        raise EngineError(f"the real {kind.program} cannot be had: {reason}")
    return stand_in, f"stand-in ({reason})"


def _find(kind: Kind, pulumi: Path) -> tuple[Path | None, str]:
    """Give the program and its version, or None and the reason."""
    sources: tuple[Callable[[], Iterator[Path]], ...] = (
        lambda: unpacked(SHARED, kind.program, kind.version),
        lambda: _in_home(kind),
    )
    for source in sources:
        for found in source():
            return found, kind.version
    if ambient := shutil.which(kind.program):
        # Pulumi takes it whatever its version is.
        return Path(ambient), f"from {Path(ambient).parent}"
    return installed(pulumi, kind.role, kind.name, kind.version)


def _in_home(kind: Kind) -> Iterator[Path]:
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    program = home / "plugins" / f"{kind.role}-{kind.name}-v{kind.version}" / kind.program
    if program.exists():
        yield program
