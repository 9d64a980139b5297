"""The stand-in for AWS as a running plugin, with an empty world behind it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.deploy.cloud.fake_aws import network
from e2e.deploy.cloud.fake_aws.cloud import Aws
from e2e.deploy.cloud.fake_aws.servers import Servers
from e2e.deploy.cloud.records import Records
from e2e.deploy.cloud.world import World
from e2e.tests.unit.standin_plugin import Created, Plugin


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
