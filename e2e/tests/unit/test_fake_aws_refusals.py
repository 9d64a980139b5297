"""The fake AWS refuses what AWS refuses."""

from contextlib import nullcontext
from typing import Any

import pytest

from e2e.deploy.cloud.fake_aws import eks, network, rds, services
from e2e.deploy.cloud.kinds import ACCOUNT
from e2e.deploy.cloud.world import World
from e2e.tests.unit.conftest import Make
from e2e.tests.unit.fake_plugin import Created, Plugin, Refused
from infra.aws import iam

NO_SUBNET = "subnet-00000000000000000"
LOGS = "/aws/eks/e/cluster"
BUCKET = "arn:aws:s3:::b"


def _in_two_zones(subnet: Make) -> list[str]:
    return [subnet(f"10.0.{n}.0/24", f"us-east-1{zone}").id for n, zone in enumerate("ab")]


def _of_balancers(account: str) -> str:
    return iam.load_balancer_logs(BUCKET, account=account, region="us-east-1")


@pytest.mark.parametrize(
    ("type_", "inputs", "why"),
    [
        ("aws:sqs/queue:Queue", {}, "does not know aws:sqs/queue:Queue: add it to"),
        (network.GATEWAY, {"vpcId": NO_SUBNET}, f"vpcId refers to '{NO_SUBNET}', which does not"),
        (rds.SUBNET_GROUP, {"subnetIds": [NO_SUBNET]}, "subnetIds refers to"),
        (
            services.ALARM,
            {
                "alarmActions": ["arn:aws:sns:us-east-1:123456789012:t"],
                "comparisonOperator": "LessThanThreshold",
                "evaluationPeriods": 1,
            },
            "alarmActions refers to",
        ),
        (services.ROLE, {"assumeRolePolicy": '{"Version": "2012-10-17"}'}, "MalformedPolicy"),
    ],
)
def test_types_and_references_exist_and_policies_grant_something(
    aws: Plugin, type_: str, inputs: dict[str, Any], why: str
) -> None:
    with pytest.raises(Refused, match=why):
        aws.create(type_, "x", **inputs)


@pytest.mark.parametrize(
    ("block", "zone", "why"),
    [
        ("10.1.0.0/24", "us-east-1a", "InvalidSubnet.Range"),
        ("10.0.1.128/25", "us-east-1b", "InvalidSubnet.Conflict"),
        ("10.0.2.0/24", "eu-west-1a", "no zone of us-east-1"),
    ],
)
def test_subnets_lie_in_their_vpc_and_apart(subnet: Make, block: str, zone: str, why: str) -> None:
    subnet()
    with pytest.raises(Refused, match=why):
        subnet(block, zone)


def test_a_vpc_with_subnets_does_not_change_its_block(
    aws: Plugin, vpc: Created, subnet: Make
) -> None:
    subnet()
    assert list(aws.diff(vpc, cidrBlock="10.1.0.0/16").replaces) == ["cidrBlock"]
    with pytest.raises(Refused, match=r"DependencyViolation: .*Subnet 'subnet'"):
        aws.delete(vpc)
    moved = aws.create(network.VPC, "moved", cidrBlock="10.1.0.0/16")
    with pytest.raises(Refused, match=r"InvalidSubnet\.Range"):
        subnet(vpcId=moved.id)


@pytest.mark.parametrize(
    ("type_", "inputs", "why"),
    [
        (services.LOG_GROUP, {"name": LOGS}, "ResourceAlreadyExistsException: The specified log"),
        (services.TOPIC, {"name": "given"}, "given' already exists"),
    ],
)
def test_what_is_taken_is_refused(
    aws: Plugin, type_: str, inputs: dict[str, Any], why: str
) -> None:
    aws.create(type_, "first", **inputs)
    with pytest.raises(Refused, match=why):
        aws.create(type_, "second", **inputs)


def test_a_rule_has_one_source_and_its_ports(aws: Plugin, vpc: Created) -> None:
    rule = {"securityGroupId": vpc.state["defaultSecurityGroupId"], "cidrIpv4": "10.0.0.0/8"}
    with pytest.raises(Refused, match="fromPort and toPort"):
        aws.create(network.INGRESS, "rule", ipProtocol="tcp", **rule)
    with pytest.raises(Refused, match="exactly one of"):
        aws.create(network.INGRESS, "rule", ipProtocol="-1", cidrIpv6="::/0", **rule)


def test_an_interface_endpoint_needs_names_that_the_vpc_resolves(aws: Plugin) -> None:
    deaf = aws.create(network.VPC, "deaf", cidrBlock="10.0.0.0/16")
    given: dict[str, Any] = {
        "serviceName": "com.amazonaws.us-east-1.sts",
        "vpcEndpointType": "Interface",
    }
    with pytest.raises(Refused, match="requires both enableDnsSupport and enableDnsHostnames"):
        aws.create(network.ENDPOINT, "sts", vpcId=deaf.id, privateDnsEnabled=True, **given)
    vpc = aws.create(network.VPC, "vpc", cidrBlock="10.0.0.0/16", enableDnsHostnames=True)
    aws.create(network.ENDPOINT, "sts", vpcId=vpc.id, privateDnsEnabled=True, **given)
    with pytest.raises(Refused, match="conflicting DNS domain"):
        aws.create(network.ENDPOINT, "again", vpcId=vpc.id, privateDnsEnabled=True, **given)


def test_a_load_balancer_needs_two_zones_and_an_internet_gateway(
    aws: Plugin, vpc: Created, subnet: Make
) -> None:
    subnets = _in_two_zones(subnet)
    with pytest.raises(Refused, match="At least two subnets in two different Availability Zones"):
        aws.create(network.BALANCER, "alb", subnets=subnets[:1])
    with pytest.raises(Refused, match=f"VPC {vpc.id} has no internet gateway"):
        aws.create(network.BALANCER, "alb", subnets=subnets)
    aws.create(network.GATEWAY, "gateway", vpcId=vpc.id)
    assert aws.create(network.BALANCER, "alb", subnets=subnets).id


@pytest.mark.parametrize(
    ("type_", "policy", "why"),
    [
        (network.BALANCER, None, "Access Denied for bucket: b"),
        (network.BALANCER, iam.tls_only(BUCKET), "Access Denied for bucket: b"),
        (network.BALANCER, _of_balancers("1"), "Access Denied for bucket: b"),
        (network.BALANCER, _of_balancers(ACCOUNT), ""),
        (network.FLOW_LOG, None, "Access Denied for LogDestination: b"),
        (network.FLOW_LOG, iam.flow_logs(BUCKET, account=ACCOUNT), ""),
    ],
)
def test_logs_need_a_bucket_that_admits_them(
    aws: Plugin, vpc: Created, subnet: Make, type_: str, policy: str | None, why: str
) -> None:
    aws.create(services.BUCKET, "bucket", bucket="b")
    if policy:
        aws.create(services.BUCKET_POLICY, "policy", bucket="b", policy=policy)
    logs: dict[str, Any] = {"accessLogs": {"bucket": "b", "enabled": True}, "internal": True}
    if type_ == network.FLOW_LOG:
        logs = {"logDestinationType": "s3", "logDestination": BUCKET, "trafficType": "ALL"}
        logs["vpcId"] = vpc.id
    else:
        logs["subnets"] = _in_two_zones(subnet)
    with pytest.raises(Refused, match=why) if why else nullcontext():
        aws.create(type_, "writer", **logs)


@pytest.mark.parametrize(
    ("least", "desired", "most", "why"),
    [(4, 2, 6, "Minimum capacity 4"), (1, 5, 3, "desired capacity 5 .* max size 3")],
)
def test_a_node_group_is_inside_its_limits(
    aws: Plugin, cluster: Make, nodes: Make, least: int, desired: int, most: int, why: str
) -> None:
    wrong = {"minSize": least, "desiredSize": desired, "maxSize": most}
    with pytest.raises(Refused, match=why):
        nodes(place := cluster(), scalingConfig=wrong)
    made = nodes(place)
    with pytest.raises(Refused, match=why):
        aws.update(made, scalingConfig=wrong)


@pytest.mark.parametrize(
    ("named", "inputs", "why"),
    [
        (None, {"instanceTypes": ["t4g.medium"]}, r"\[t4g.medium\] is not a valid instance type"),
        ("m7g.large", {}, "amiType AL2023_x86_64_STANDARD"),
        ("t3.large", {"amiType": "AL2023_ARM_64_STANDARD"}, "amiType AL2023_ARM_64_STANDARD"),
        ("t3.large", {"instanceTypes": ["t3.large"]}, "in launch template and API request"),
    ],
)
def test_types_fit_the_image_and_stand_in_one_place(
    aws: Plugin, cluster: Make, nodes: Make, named: str | None, inputs: dict[str, Any], why: str
) -> None:
    inside: dict[str, Any] = {"instanceType": named} if named else {}
    template = {"id": aws.create(network.TEMPLATE, "t", **inside).id, "version": "1"}
    with pytest.raises(Refused, match=why):
        nodes(cluster(), launchTemplate=template, **inputs)


def test_the_type_of_a_group_does_not_move_into_its_template(
    aws: Plugin, cluster: Make, nodes: Make
) -> None:
    template = aws.create(network.TEMPLATE, "t")
    place = {"id": template.id, "version": "1"}
    made = nodes(cluster(), instanceTypes=["t3.medium"], launchTemplate=place)
    aws.update(template, instanceType="t3.large")
    with pytest.raises(Refused, match="continue to not specify an instance type"):
        aws.update(made, instanceTypes=None)


def test_a_node_group_has_no_way_back_to_an_older_image(
    aws: Plugin, cluster: Make, nodes: Make
) -> None:
    made = nodes(cluster(), releaseVersion="1.35.9-20260601")
    newer = aws.update(made, releaseVersion="1.35.10-20260601")
    with pytest.raises(Refused, match=r"release version 1\.35\.9-20260601 is invalid"):
        aws.update(newer, releaseVersion="1.35.9-20260601")


def test_the_control_plane_stays_in_its_zones(aws: Plugin, subnet: Make, cluster: Make) -> None:
    first, same = (subnet(f"10.0.{n}.0/24").id for n in (1, 2))
    other = subnet("10.0.3.0/24", "us-east-1b").id
    moved = aws.update(cluster(subnets=[first]), vpcConfig={"subnetIds": [same]})
    with pytest.raises(Refused, match="exact set of AZs 'us-east-1a'"):
        aws.update(moved, vpcConfig={"subnetIds": [same, other]})


def test_an_old_kubernetes_is_not_created(subnet: Make, cluster: Make) -> None:
    place = [subnet().id]
    with pytest.raises(Refused, match=r"unsupported Kubernetes version 1\.31"):
        cluster("1.31", subnets=place)
    assert cluster("1.32", subnets=place).state["version"] == "1.32"


@pytest.mark.parametrize("version", ["1.36", "1.33", "1.32"])
def test_kubernetes_is_upgraded_by_one_minor_before_its_nodes(
    aws: Plugin, cluster: Make, nodes: Make, version: str
) -> None:
    made = cluster("1.34")
    with pytest.raises(Refused, match=f"minor version update from 1.34 to {version}"):
        aws.update(made, version=version)
    proxy: dict[str, Any] = {
        "clusterName": made.id,
        "addonName": "kube-proxy",
        "addonVersion": "v1.35.3-eksbuild.21",
    }
    with pytest.raises(Refused, match="newer than their cluster"):
        nodes(made, "new", version="1.35")
    with pytest.raises(Refused, match="Addon version specified is not supported"):
        aws.create(eks.ADDON, "proxy", **proxy)
    group = nodes(made, version="1.34")
    upgraded = aws.update(made, version="1.35")
    assert aws.update(group, version="1.35").state["version"] == "1.35"
    aws.create(eks.ADDON, "proxy", **proxy)
    assert aws.update(upgraded, tags={"a": "b"}).state["version"] == "1.35"


def test_nodes_may_be_three_minors_older(
    aws: Plugin, world: World, cluster: Make, nodes: Make
) -> None:
    made = cluster("1.35")
    nodes(made, version="1.32")
    with pytest.raises(Refused, match=r"Nodegroups g must be updated to match .* 1\.35 before"):
        aws.update(made, version="1.36")
    world.change(eks.NODE_GROUP, version="1.33")
    assert aws.update(made, version="1.36").state["version"] == "1.36"


def test_the_version_that_eks_has_chosen_itself_is_refused(
    aws: Plugin, world: World, cluster: Make
) -> None:
    made = cluster("1.35")
    world.change(eks.CLUSTER, version="1.36")
    with pytest.raises(Refused, match=r"update from 1\.36 to 1\.36"):
        aws.update(made, version="1.36")


def test_eks_makes_the_log_group_of_a_deleted_cluster_again(aws: Plugin, world: World) -> None:
    group = aws.create(services.LOG_GROUP, "logs", name=LOGS, retentionInDays=30)
    aws.delete(group)
    [left] = world.resources()
    assert (left.outputs["retentionInDays"], services.made_by_eks(left)) == (0, True)
    found = aws.invoke("aws:cloudwatch/getLogGroups:getLogGroups", logGroupNamePrefix="/aws/eks/e/")
    assert found["logGroupNames"] == [left.id]
    with pytest.raises(Refused, match="ResourceAlreadyExists"):
        aws.create(services.LOG_GROUP, "logs", name=left.id)
    other = aws.create(services.LOG_GROUP, "other", name="/other")
    aws.delete(other)
    assert world.resources() == [left]


def test_zones_and_vpcs_are_told(aws: Plugin, vpc: Created) -> None:
    zones = aws.invoke("aws:index/getAvailabilityZones:getAvailabilityZones")
    assert dict(zip(zones["names"], zones["zoneIds"], strict=True))["us-east-1f"] == "use1-az3"
    for name, value, found in (
        ("tag:Project", "p", [vpc.id]),
        ("tag:Project", "q", []),
        ("cidr-block-association.cidr-block", "10.0.0.0/16", [vpc.id]),
    ):
        filters = [{"name": name, "values": [value]}]
        assert aws.invoke("aws:ec2/getVpcs:getVpcs", filters=filters)["ids"] == found


def test_a_database_needs_subnets_in_two_zones(aws: Plugin, subnet: Make) -> None:
    with pytest.raises(Refused, match="DBSubnetGroupDoesNotCoverEnoughAZs"):
        aws.create(rds.SUBNET_GROUP, "subnets", subnetIds=[subnet().id])


def test_what_is_protected_is_not_deleted(aws: Plugin, subnet: Make) -> None:
    alb = aws.create(
        network.BALANCER,
        "alb",
        subnets=_in_two_zones(subnet),
        internal=True,
        enableDeletionProtection=True,
    )
    with pytest.raises(Refused, match="OperationNotPermitted"):
        aws.delete(alb)
    aws.delete(aws.update(alb, enableDeletionProtection=False))


def test_another_account_is_refused(aws: Plugin) -> None:
    aws.configure(region="us-east-1", allowedAccountIds='["123456789012"]')
    with pytest.raises(Refused, match="account ID not allowed"):
        aws.configure(allowedAccountIds='["210987654321"]')


def test_a_function_that_it_does_not_know_is_an_error(aws: Plugin) -> None:
    with pytest.raises(Refused, match="no answer for aws:index/getRegion:getRegion"):
        aws.invoke("aws:index/getRegion:getRegion")
