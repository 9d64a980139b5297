"""What the engine needs of the stand-ins' world (e2e/deploy/cloud/world.py)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol


class Existing(Protocol):
    """A resource that exists in the cloud, whether or not the state knows it."""

    @property
    def type(self) -> str: ...
    @property
    def name(self) -> str:
        """The name that the program gave it."""

    @property
    def id(self) -> str: ...


class Cloud(Protocol):
    @property
    def environment(self) -> Mapping[str, str]:
        """What the stand-ins want to find in the engine's environment."""

    @property
    def plugins(self) -> Path:
        """Folder with their executables."""

    def resources(self) -> Sequence[Existing]: ...
