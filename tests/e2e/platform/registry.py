"""What stands for ECR: images that were built here, on the nodes under the registry's name.

Pulumi makes the registry and the name that comes with it, and installs the release a moment later,
so a thread looks for it. As in ECR, nothing of a registry that is gone stays under a new name.
"""

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from tests.e2e.image.backend import build
from tests.e2e.standins.aws.cluster import REPOSITORY
from tests.e2e.standins.records import Resource

_LOOK_SECONDS = 0.5


class Nodes(Protocol):
    """What takes images: the cluster."""

    def load_image(self, archive: Path) -> None: ...
    def tag_image(self, source: str, target: str) -> None: ...


class Cloud(Protocol):
    """Where the registry is made: the stand-ins' world."""

    def resources(self) -> Sequence[Resource]: ...


class Registry:
    """Tags, and the images behind them; a node that is down gets them at `push_all`."""

    def __init__(self, cluster: Nodes, world: Cloud, source: Path) -> None:
        self._cluster = cluster
        self._world = world
        self._source = source
        self._images: dict[str, tuple[Path, str]] = {}
        self._url = ""
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="registry", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def push(self, tag: str, *, extra: Mapping[str, str] | None = None) -> None:
        """Build the workspace's backend, with `extra` files by their path, and give it the tag."""
        image = build(source=self._source, extra=extra)
        with self._lock:
            self._cluster.load_image(image.archive)
            self._images[tag] = (image.archive, image.name)
            self._tag(tag, image.name)

    def push_all(self) -> None:
        """Bring every image and tag to nodes that were down."""
        with self._lock:
            for archive in {archive for archive, _ in self._images.values()}:
                self._cluster.load_image(archive)
            self._tag_all()

    def _follow(self) -> None:
        while not self._stop.wait(_LOOK_SECONDS):
            with self._lock:
                if (url := self._find()) != self._url:
                    self._url = url
                    self._tag_all()

    def _find(self) -> str:
        for resource in self._world.resources():
            if resource.type == REPOSITORY:
                return str(resource.outputs["repositoryUrl"])
        return ""

    def _tag_all(self) -> None:
        for tag, (_, name) in self._images.items():
            self._tag(tag, name)

    def _tag(self, tag: str, name: str) -> None:
        if self._url:
            self._cluster.tag_image(name, f"{self._url}:{tag}")
