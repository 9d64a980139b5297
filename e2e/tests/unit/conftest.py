"""The fake AWS with an empty world behind it, and what many tests make in it first."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from e2e.deploy.cloud.fake_aws import catalogue, eks, network, services
from e2e.deploy.cloud.world import World
from e2e.tests.unit.fake_plugin import Created, Plugin

Make = Callable[..., Created]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def aws(world: World) -> Plugin:
    plugin = Plugin(catalogue.provider(world))
    plugin.configure(defaultTags='{"tags": {"Project": "p", "Name": "all"}}')
    return plugin


@pytest.fixture
def vpc(aws: Plugin) -> Created:
    return aws.create(network.VPC, "vpc", cidrBlock="10.0.0.0/16")


@pytest.fixture
def subnet(aws: Plugin, vpc: Created) -> Make:
    def make(block: str = "10.0.1.0/24", zone: str = "us-east-1a", /, **inputs: Any) -> Created:
        given: dict[str, Any] = {
            "vpcId": vpc.id,
            "cidrBlock": block,
            "availabilityZone": zone,
        } | inputs
        return aws.create(network.SUBNET, "subnet", **given)

    return make


@pytest.fixture
def role(aws: Plugin) -> Make:
    def make(name: str = "role", /, **inputs: Any) -> Created:
        trust = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]})
        return aws.create(services.ROLE, name, assumeRolePolicy=trust, **inputs)

    return make


@pytest.fixture
def cluster(aws: Plugin, subnet: Make, role: Make) -> Make:
    def make(version: str = "1.36", /, subnets: list[str] | None = None) -> Created:
        place = {"subnetIds": subnets or [subnet().id]}
        given: dict[str, Any] = {"name": "e", "roleArn": role().state["arn"], "vpcConfig": place}
        return aws.create(eks.CLUSTER, "eks", version=version, **given)

    return make


@pytest.fixture
def nodes(aws: Plugin, role: Make) -> Make:
    def make(cluster: Created, name: str = "g", /, **inputs: Any) -> Created:
        given: dict[str, Any] = {
            "clusterName": cluster.id,
            "nodeGroupName": name,
            "nodeRoleArn": role("node").state["arn"],
            "scalingConfig": {"minSize": 2, "desiredSize": 2, "maxSize": 6},
            "subnetIds": cluster.inputs["vpcConfig"]["subnetIds"],
        } | inputs
        return aws.create(eks.NODE_GROUP, name, **given)

    return make
