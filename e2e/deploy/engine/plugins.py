"""Which plugins the engine runs, found through its PATH.

The Kubernetes provider is real and built (e2e/programs). A real Python language host is taken where
there is one: on PATH or in PULUMI_HOME. AWS, EKS and random are always fakes.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Self

from e2e.deploy.cloud import plugin
from e2e.programs.catalogue import MODULES
from e2e.programs.uv import find_uv

_HOST = "pulumi-language-python"


@dataclass(frozen=True, slots=True)
class Plugins:
    """`directories` come first on the engine's PATH; `used` says what is in them."""

    directories: tuple[Path, ...]
    used: Mapping[str, str]

    @classmethod
    def choose(cls) -> Self:
        used = {
            "kubernetes": f"built {MODULES['pulumi-kubernetes'].version}",
            **dict.fromkeys(("aws", "eks", "random"), "fake"),
        }
        host = _real_language_host()
        if host is None:
            return cls((plugin.DIRECTORY,), used | {"python": "fake"})
        return cls((host, plugin.DIRECTORY), used | {"python": f"real, from {host}"})


def _real_language_host() -> Path | None:
    """Find the folder of one; none is of use without uv, which `make setup` installs."""
    if find_uv() is None:
        return None
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    installed = home / "plugins" / f"language-python-v{metadata.version('pulumi')}"
    if (installed / _HOST).exists():
        return installed
    found = shutil.which(_HOST)
    return Path(found).parent if found else None
