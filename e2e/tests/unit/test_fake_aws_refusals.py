"""The fake AWS refuses the changes that AWS refuses."""

import pytest

from e2e.deploy.cloud.fake_aws import cluster, identity, network
from e2e.tests.unit.standin_parts import role, subnet
from e2e.tests.unit.standin_plugin import Created, Plugin, Refused


def _cluster(aws: Plugin, subnets: list[str], version: str = "1.35") -> Created:
    arn = role(aws).text("arn")
    inside = {"subnetIds": subnets}
    return aws.create(
        cluster.CLUSTER, "eks", name="e", roleArn=arn, version=version, vpcConfig=inside
    )


@pytest.mark.parametrize(
    ("least", "desired", "most", "why"),
    [(4, 2, 6, "Minimum capacity 4"), (1, 5, 3, "desired capacity 5 .* max size 3")],
)
def test_a_node_group_is_inside_its_limits(
    aws: Plugin, vpc: Created, least: int, desired: int, most: int, why: str
) -> None:
    one = subnet(aws, vpc, "10.0.1.0/24").id
    eks = _cluster(aws, [one])
    given = {
        "clusterName": eks.id,
        "nodeGroupName": "g",
        "nodeRoleArn": role(aws, "node").text("arn"),
        "subnetIds": [one],
    }
    wrong = {"minSize": least, "desiredSize": desired, "maxSize": most}
    right = {"minSize": 2, "desiredSize": 2, "maxSize": 6}
    with pytest.raises(Refused, match=why):
        aws.create(cluster.NODE_GROUP, "group", **given, scalingConfig=wrong)
    made = aws.create(cluster.NODE_GROUP, "group", **given, scalingConfig=right)
    with pytest.raises(Refused, match=why):
        aws.update(made, scalingConfig=wrong)


def test_the_control_plane_stays_in_its_zones(aws: Plugin, vpc: Created) -> None:
    first, same = (subnet(aws, vpc, f"10.0.{n}.0/24").id for n in (1, 2))
    other = subnet(aws, vpc, "10.0.3.0/24", "us-east-1b").id
    made = _cluster(aws, [first])
    moved = aws.update(made, vpcConfig={"subnetIds": [same]})
    with pytest.raises(Refused, match="exact set of AZs 'us-east-1a'"):
        aws.update(moved, vpcConfig={"subnetIds": [same, other]})


def test_an_old_kubernetes_is_not_created(aws: Plugin, vpc: Created) -> None:
    one = subnet(aws, vpc, "10.0.1.0/24").id
    with pytest.raises(Refused, match=r"unsupported Kubernetes version 1\.31"):
        _cluster(aws, [one], "1.31")
    assert _cluster(aws, [one], "1.32").state["version"] == "1.32"


def test_a_log_group_that_is_there_is_refused(aws: Plugin) -> None:
    aws.create(identity.LOG_GROUP, "logs", name="/aws/eks/e/cluster")
    with pytest.raises(Refused, match="ResourceAlreadyExistsException: The specified log group"):
        aws.create(identity.LOG_GROUP, "again", name="/aws/eks/e/cluster")


def test_a_vpc_with_subnets_does_not_change_its_block(aws: Plugin, vpc: Created) -> None:
    subnet(aws, vpc, "10.0.1.0/24")
    assert list(aws.diff(vpc, {"cidrBlock": "10.1.0.0/16"}).replaces) == ["cidrBlock"]
    with pytest.raises(Refused, match="DependencyViolation"):
        aws.delete(vpc)
    moved = aws.create(network.VPC, "moved", cidrBlock="10.1.0.0/16")
    with pytest.raises(Refused, match=r"InvalidSubnet\.Range"):
        subnet(aws, moved, "10.0.1.0/24")
