"""Which plugins the engine runs, found through its PATH.

The Kubernetes provider is real and built (e2e/programs). A real Python language host is taken where
there is one: on PATH or in PULUMI_HOME. AWS, EKS, random and docker-build are always fakes.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Self

from e2e.programs.catalogue import MODULES
from e2e.programs.uv import find_uv

_HOST = "pulumi-language-python"
FAKE_HOST = Path(__file__).parents[1] / "cloud" / "fake_language_host"
FAKES = ("aws", "docker-build", "eks", "random")


@dataclass(frozen=True, slots=True)
class Plugins:
    """`directories` come first on the engine's PATH; `used` says what is in them."""

    directories: tuple[Path, ...]
    used: Mapping[str, str]

    @classmethod
    def choose(cls, *, fakes: Path) -> Self:
        """`fakes` is the folder with the fake clouds' executables."""
        host, what = _language_host()
        built = {"kubernetes": f"built {MODULES['pulumi-kubernetes'].version}"}
        return cls((host, fakes), {"python": what} | built | dict.fromkeys(FAKES, "fake"))


def _language_host() -> tuple[Path, str]:
    if find_uv() is None:
        return FAKE_HOST, "fake (the real one needs uv, which `make setup` installs)"
    version = metadata.version("pulumi")
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    installed = home / "plugins" / f"language-python-v{version}"
    if (installed / _HOST).exists():
        return installed, f"real {version}"
    if found := shutil.which(_HOST):
        return Path(found).parent, f"real, from {Path(found).parent}"
    return FAKE_HOST, "fake (none on PATH or in PULUMI_HOME)"
