"""Stand-in for docker-build: remembers what would be built, and answers with a digest.

Nothing is built and nothing pushed; the end-to-end tests build their image without Docker.
"""

import hashlib
import json
from collections.abc import Mapping

from e2e.deploy.cloud import protocol
from e2e.deploy.cloud.cloud import Asked, Cloud, Made
from e2e.deploy.cloud.errors import Rejected
from e2e.deploy.cloud.records import Resource
from e2e.deploy.cloud.values import UNKNOWN, Properties, Value, Values, entries

IMAGE = "docker-build:index:Image"
INDEX = "docker-build:index:Index"


class DockerBuild(Cloud):
    package = "docker-build"

    def fixed(self, type_: str) -> frozenset[str]:
        del type_
        return frozenset()

    def create(self, asked: Asked) -> Made:
        outputs = _built(asked)
        return Made(str(outputs.get("digest", outputs["ref"])), outputs)

    def update(self, asked: Asked, known: Resource, old: Properties) -> Mapping[str, Value]:
        del known, old
        return _built(asked)

    def foresee(self, asked: Asked, old: Properties) -> Mapping[str, Value]:
        del old
        return dict.fromkeys(_built(asked), UNKNOWN)


def serve() -> None:
    """Be the plugin."""
    protocol.serve(DockerBuild)


def _built(asked: Asked) -> Values:
    if asked.type not in {IMAGE, INDEX}:
        raise Rejected(f"the stand-in for docker-build does not know {asked.type}")
    # Of the inputs without the registries' passwords: it is not the real image's digest.
    known = {key: value for key, value in asked.inputs.items() if key != "registries"}
    content = json.dumps(known, sort_keys=True).encode()
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    tag = asked.inputs.get("tag") or next(iter(entries(asked.inputs, "tags")), asked.name)
    reference = f"{str(tag).rpartition(':')[0] or tag}@{digest}"
    if asked.type == INDEX:
        return {"ref": reference}
    return {"digest": digest, "ref": reference, "contextHash": digest.removeprefix("sha256:")}
