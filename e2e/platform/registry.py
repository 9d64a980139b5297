"""A fake ECR: images that were built here are on the nodes under the registry's name.

Pulumi makes the registry and the name that comes with it, and installs the release a moment later,
so a thread looks for it. As in ECR, nothing of a registry that is gone stays under a new name.
"""

import json
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from e2e.cluster.cluster import Cluster
from e2e.cluster.errors import ClusterError
from e2e.deploy.cloud.fake_aws.services import REPOSITORY
from e2e.deploy.cloud.world import World
from e2e.deploy.image.backend import BackendImage, build

_LOOK_SECONDS = 0.5


class Registry:
    """Tags, and the images behind them; a node that is down gets them at `push_missing`."""

    def __init__(self, cluster: Cluster, world: World, *, source: Path, memory: Path) -> None:
        """`memory` is a file; another process that opens the same one knows the same images."""
        self._cluster = cluster
        self._world = world
        self._source = source
        self._memory = memory
        self._images: dict[str, BackendImage] = self._remembered()
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
            # Most drills release contents that are there already, under another tag.
            if image.name not in self._cluster.image_names():
                self._cluster.load_image(image.archive)
            self._images[tag] = image
            self._remember()
            self._tag(self._url, tag)

    def push_missing(self) -> None:
        """Bring nodes that were down what came meanwhile."""
        with self._lock:
            present = self._cluster.image_names()
            missing = [
                tag for tag in self._images if self._url and f"{self._url}:{tag}" not in present
            ]
            for archive in {self._images[tag].archive for tag in missing}:
                self._cluster.load_image(archive)
            for tag in missing:
                self._tag(self._url, tag)

    def _follow(self) -> None:
        while not self._stop.wait(_LOOK_SECONDS):
            # A node may be going down just now: the next look tries again.
            with self._lock, suppress(ClusterError):
                if (url := self._find()) != self._url:
                    for tag in self._images:
                        self._tag(url, tag)
                    self._url = url

    def _find(self) -> str:
        found = self._world.all(REPOSITORY)
        return str(found[0].outputs["repositoryUrl"]) if found else ""

    def _tag(self, url: str, tag: str) -> None:
        if url:
            self._cluster.tag_image(self._images[tag].name, f"{url}:{tag}")

    def _remember(self) -> None:
        known = {tag: [str(image.archive), image.name] for tag, image in self._images.items()}
        self._memory.write_text(json.dumps(known))

    def _remembered(self) -> dict[str, BackendImage]:
        known = json.loads(self._memory.read_text()) if self._memory.exists() else {}
        return {tag: BackendImage(Path(archive), name) for tag, (archive, name) in known.items()}
