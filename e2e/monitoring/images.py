"""From references to images in the nodes: real programs of the catalogue, and no others."""

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from e2e.cluster.cluster import Cluster
from e2e.monitoring.programs import PROGRAMS
from e2e.platform.errors import PlatformError
from e2e.programs.build import Toolbox

_DEFAULT_REGISTRY = "docker.io"


def load(
    cluster: Cluster, tools: Toolbox, references: Iterable[str], say: Callable[[str], None]
) -> None:
    """Make and import the images that the nodes lack, under all names that pods ask for."""
    by_repository: dict[str, list[str]] = defaultdict(list)
    for reference in sorted(references):
        by_repository[repository(reference)].append(reference)
    if unknown := sorted(by_repository.keys() - PROGRAMS.keys()):
        raise PlatformError(
            f"nothing makes {', '.join(unknown)}: add a program to e2e/monitoring/programs.py"
        )
    there = cluster.image_names()
    for source, group in by_repository.items():
        names = {canonical(reference) for reference in group}
        if names <= there:
            continue
        first = tagged(group[0])
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / "image.tar"
            PROGRAMS[source].build(archive, name=first, tools=tools)
            cluster.load_image(archive)
        for name in names - {first}:
            cluster.tag_image(first, name)
        say(f"image of {source} made and imported")


def canonical(reference: str) -> str:
    """Name of an image as the kubelet's runtime looks it up: with registry, and a digest alone.

    `jaegertracing/jaeger:2` is `docker.io/jaegertracing/jaeger:2`; of `name:tag@sha256:...` the
    runtime drops the tag. Nothing compares a digest in a name with the image that has the name.
    """
    name, tag, digest = _parts(reference)
    return f"{name}@{digest}" if digest else f"{name}:{tag}"


def repository(reference: str) -> str:
    """Name without tag and digest, such as `quay.io/prometheus/prometheus`."""
    return _parts(reference)[0]


def tagged(reference: str) -> str:
    """A name that an archive can carry: of `name:tag@sha256:...`, name and tag."""
    name, tag, _ = _parts(reference)
    return f"{name}:{tag}"


def _parts(reference: str) -> tuple[str, str, str]:
    """Split into name with registry, tag and digest."""
    name, _, digest = reference.partition("@")
    path, slash, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    name = f"{path}{slash}{last}"
    registry = path.partition("/")[0]
    if not ({".", ":"} & set(registry) or registry == "localhost"):
        name = f"{_DEFAULT_REGISTRY}/{name if slash else f'library/{name}'}"
    return name, tag or "latest", digest
