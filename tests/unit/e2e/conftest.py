"""The stand-in for AWS as a running plugin, with an empty world behind it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.standins.aws import network
from tests.e2e.standins.aws.cloud import Aws
from tests.e2e.standins.aws.servers import Servers
from tests.e2e.standins.records import Records
from tests.e2e.standins.world import World
from tests.unit.e2e.standin_plugin import Created, Plugin


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def aws(world: World) -> Iterator[Plugin]:
    cloud = Aws(Records(world.directory), Servers(world.directory / "postgres"))
    with Plugin.serving(cloud, defaultTags='{"tags": {"Project": "p", "Name": "all"}}') as plugin:
        yield plugin


@pytest.fixture
def vpc(aws: Plugin) -> Created:
    return aws.create(network.VPC, "vpc", cidrBlock="10.0.0.0/16")
