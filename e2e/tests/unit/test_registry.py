"""Images get the registry's name when Pulumi has made the registry, however often it does."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from e2e.cluster.errors import ClusterError
from e2e.cluster.processes import wait_until
from e2e.deploy.cloud.fake_aws.cluster import REPOSITORY
from e2e.deploy.cloud.records import Resource
from e2e.deploy.image.backend import BackendImage
from e2e.platform import registry
from e2e.platform.registry import Registry


class Nodes:
    """Stands for the cluster: what its nodes know."""

    def __init__(self) -> None:
        self.archives: list[Path] = []
        self.names: dict[str, str] = {}
        self.refusals = 0  # of the next tags

    def load_image(self, archive: Path) -> None:
        self.archives.append(archive)

    def tag_image(self, source: str, target: str) -> None:
        if self.refusals:
            self.refusals -= 1
            raise ClusterError("node-b was killed a moment ago")
        self.names[target] = source

    def image_names(self) -> set[str]:
        return set(self.names)


class Cloud:
    """Stands for the world: at most one registry."""

    def __init__(self) -> None:
        self.url = ""

    def resources(self) -> list[Resource]:
        found = Resource(REPOSITORY, "backend", "urn", "id", {"repositoryUrl": self.url})
        return [found] if self.url else []


@pytest.fixture
def nodes() -> Nodes:
    return Nodes()


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.fixture
def memory(tmp_path: Path) -> Path:
    return tmp_path / "registry.json"


@pytest.fixture
def running(
    nodes: Nodes, cloud: Cloud, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Registry]:
    def build(*, source: Path, extra: Mapping[str, str] | None) -> BackendImage:
        name = f"{source}{sorted(extra or {})}"
        return BackendImage(Path(f"{name}.tar"), name)

    monkeypatch.setattr(registry, "build", build)
    monkeypatch.setattr(registry, "_LOOK_SECONDS", 0.01)
    made = Registry(nodes, cloud, source=Path("app"), memory=memory)
    made.start()
    yield made
    made.stop()


def test_an_image_waits_for_the_registry(running: Registry, nodes: Nodes, cloud: Cloud) -> None:
    running.push("1.0.0")
    assert nodes.archives == [Path("app[].tar")]
    assert nodes.names == {}
    cloud.url = "ecr/backend-1"
    assert wait_until(lambda: nodes.names == {"ecr/backend-1:1.0.0": "app[]"}, seconds=5)


def test_a_new_registry_gets_the_images_too(running: Registry, nodes: Nodes, cloud: Cloud) -> None:
    running.push("1.0.0")
    cloud.url = "ecr/backend-1"
    assert wait_until(lambda: len(nodes.names) == 1, seconds=5)
    cloud.url = ""  # `pulumi destroy`
    cloud.url = "ecr/backend-2"
    assert wait_until(lambda: "ecr/backend-2:1.0.0" in nodes.names, seconds=5)


def test_a_tag_is_there_when_push_returns(running: Registry, nodes: Nodes, cloud: Cloud) -> None:
    cloud.url = "ecr/backend"
    running.push("first")
    assert wait_until(lambda: len(nodes.names) == 1, seconds=5)
    running.push("second", extra={"migration.py": ""})
    assert nodes.names["ecr/backend:second"] == "app['migration.py']"


def test_a_node_that_fails_meanwhile_is_tried_again(
    running: Registry, nodes: Nodes, cloud: Cloud
) -> None:
    running.push("1.0.0")
    nodes.refusals = 2
    cloud.url = "ecr/backend"
    assert wait_until(lambda: nodes.names == {"ecr/backend:1.0.0": "app[]"}, seconds=5)


def test_nodes_that_were_down_get_what_they_lack(
    running: Registry, nodes: Nodes, cloud: Cloud
) -> None:
    cloud.url = "ecr/backend"
    running.push("first")
    running.push("again")  # the same image under one more name
    running.push("other", extra={"migration.py": ""})
    assert wait_until(lambda: len(nodes.names) == 3, seconds=5)
    nodes.archives.clear()
    running.push_missing()
    assert nodes.archives == []
    del nodes.names["ecr/backend:first"], nodes.names["ecr/backend:again"]
    running.push_missing()
    assert nodes.archives == [Path("app[].tar")]
    assert nodes.names["ecr/backend:first"] == nodes.names["ecr/backend:again"] == "app[]"


def test_who_attaches_knows_the_images(
    running: Registry, nodes: Nodes, cloud: Cloud, memory: Path
) -> None:
    running.push("1.0.0")
    running.stop()
    cloud.url = "ecr/backend"
    attached = Registry(nodes, cloud, source=Path("app"), memory=memory)
    attached.start()
    assert wait_until(lambda: nodes.names == {"ecr/backend:1.0.0": "app[]"}, seconds=5)
    attached.stop()
