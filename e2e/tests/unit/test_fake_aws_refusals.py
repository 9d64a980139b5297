"""The fake AWS refuses what AWS refuses."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest

from e2e.deploy.cloud.fake_aws import eks, network, rds, services
from e2e.deploy.cloud.kinds import ACCOUNT
from e2e.deploy.cloud.world import World
from e2e.tests.unit.conftest import Make
from e2e.tests.unit.fake_plugin import Created, Plugin, Refused
from infra.aws import iam

NO_SUBNET = "subnet-00000000000000000"


def _in_two_zones(subnet: Make) -> list[str]:
    return [subnet(f"10.0.{n}.0/24", f"us-east-1{zone}").id for n, zone in enumerate("ab")]


def _bucket(aws: Plugin, policy: str | None) -> None:
    aws.create(services.BUCKET, "bucket", bucket="b")
    if policy:
        aws.create(services.BUCKET_POLICY, "policy", bucket="b", policy=policy)


def _refused_if(refused: bool, why: str) -> AbstractContextManager[object]:
    return pytest.raises(Refused, match=why) if refused else nullcontext()


def _cluster(
    aws: Plugin, role: Created, subnets: list[str], version: str = "1.36", **inputs: object
) -> Created:
    given = {"name": "e", "roleArn": role.state["arn"], "vpcConfig": {"subnetIds": subnets}}
    return aws.create(eks.CLUSTER, "eks", version=version, **given | inputs)


def _of_nodes(cluster: Created, role: Created, subnet: str) -> dict[str, Any]:
    return {
        "clusterName": cluster.id,
        "nodeRoleArn": role.state["arn"],
        "scalingConfig": {"minSize": 2, "desiredSize": 2, "maxSize": 6},
        "subnetIds": [subnet],
    }


@pytest.mark.parametrize(
    ("type_", "inputs", "why"),
    [
        (
            network.GROUP,
            {"ingress": [{"protocol": "-1", "fromPort": 0, "toPort": 0, "descripton": "x"}]},
            r"ingress\[0\].descripton: .*'description'",
        ),
        (rds.SUBNET_GROUP, {}, "subnetIds: missing required property"),
        (services.LOG_GROUP, {"retentionInDays": "many"}, "expected a number, got a string"),
        (services.LOG_GROUP, {"retentionInDays": [1]}, "expected a number, got a list"),
        (services.LOG_GROUP, {"retentionInDays": True}, "expected a number, got a boolean"),
        (services.LOG_GROUP, {"tags": "x"}, "expected an object, got a string"),
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
def test_inputs_have_names_types_and_references_that_exist(
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


def test_a_table_has_one_route_to_a_block(aws: Plugin, vpc: Created) -> None:
    table = aws.create(network.ROUTE_TABLE, "table", vpcId=vpc.id).id
    route: dict[str, Any] = {"routeTableId": table, "destinationCidrBlock": "0.0.0.0/0"}
    aws.create(network.ROUTE, "first", **route)
    with pytest.raises(Refused, match="RouteAlreadyExists"):
        aws.create(network.ROUTE, "second", **route)


def test_a_rule_has_one_source_and_its_ports(aws: Plugin, vpc: Created) -> None:
    rule = {"securityGroupId": vpc.state["defaultSecurityGroupId"], "cidrIpv4": "10.0.0.0/8"}
    with pytest.raises(Refused, match="fromPort and toPort"):
        aws.create(network.INGRESS, "rule", ipProtocol="tcp", **rule)
    with pytest.raises(Refused, match="exactly one of"):
        aws.create(network.INGRESS, "rule", ipProtocol="-1", cidrIpv6="::/0", **rule)


def test_a_managed_policy_exists(aws: Plugin, role: Make) -> None:
    arn = "arn:aws:iam::aws:policy/AmazonEKSClusterPolice"
    with pytest.raises(Refused, match="NoSuchEntity"):
        aws.create(services.ATTACHMENT, "attachment", role=role().id, policyArn=arn)


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
    ("text", "refused"),
    [
        (None, True),
        (iam.tls_only("arn:aws:s3:::b"), True),
        (iam.load_balancer_logs("arn:aws:s3:::b", account="1", region="us-east-1"), True),
        (iam.load_balancer_logs("arn:aws:s3:::b", account=ACCOUNT, region="us-east-1"), False),
    ],
)
def test_access_logs_need_a_bucket_that_admits_them(
    aws: Plugin, subnet: Make, text: str | None, *, refused: bool
) -> None:
    _bucket(aws, text)
    given: dict[str, Any] = {"subnets": _in_two_zones(subnet), "internal": True}
    logs = {"bucket": "b", "enabled": True}
    with _refused_if(refused, "Access Denied for bucket: b"):
        aws.create(network.BALANCER, "alb", accessLogs=logs, **given)


@pytest.mark.parametrize(
    ("text", "refused"),
    [(None, True), (iam.flow_logs("arn:aws:s3:::b", account=ACCOUNT), False)],
)
def test_flow_logs_need_a_bucket_that_admits_them(
    aws: Plugin, vpc: Created, text: str | None, *, refused: bool
) -> None:
    _bucket(aws, text)
    given: dict[str, Any] = {"logDestinationType": "s3", "logDestination": "arn:aws:s3:::b"}
    with _refused_if(refused, "Access Denied for LogDestination: b"):
        aws.create(network.FLOW_LOG, "log", vpcId=vpc.id, trafficType="ALL", **given)


@pytest.mark.parametrize(
    ("least", "desired", "most", "why"),
    [(4, 2, 6, "Minimum capacity 4"), (1, 5, 3, "desired capacity 5 .* max size 3")],
)
def test_a_node_group_is_inside_its_limits(
    aws: Plugin, subnet: Make, role: Make, least: int, desired: int, most: int, why: str
) -> None:
    one = subnet().id
    given = {
        "clusterName": _cluster(aws, role(), [one]).id,
        "nodeGroupName": "g",
        "nodeRoleArn": role("node").state["arn"],
        "subnetIds": [one],
    }
    wrong = {"minSize": least, "desiredSize": desired, "maxSize": most}
    right = {"minSize": 2, "desiredSize": 2, "maxSize": 6}
    with pytest.raises(Refused, match=why):
        aws.create(eks.NODE_GROUP, "group", **given, scalingConfig=wrong)
    made = aws.create(eks.NODE_GROUP, "group", **given, scalingConfig=right)
    with pytest.raises(Refused, match=why):
        aws.update(made, scalingConfig=wrong)


def _node_group(aws: Plugin, subnet: Make, role: Make, **inputs: object) -> dict[str, Any]:
    one = subnet().id
    return {
        "clusterName": _cluster(aws, role(), [one]).id,
        "nodeGroupName": "g",
        "nodeRoleArn": role("node").state["arn"],
        "scalingConfig": {"minSize": 2, "desiredSize": 2, "maxSize": 6},
        "subnetIds": [one],
        **inputs,
    }


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
    aws: Plugin, subnet: Make, role: Make, named: str | None, inputs: dict[str, Any], why: str
) -> None:
    inside: dict[str, Any] = {"instanceType": named} if named else {}
    template = aws.create(network.TEMPLATE, "t", **inside)
    place = {"launchTemplate": {"id": template.id, "version": "1"}}
    with pytest.raises(Refused, match=why):
        aws.create(eks.NODE_GROUP, "group", **_node_group(aws, subnet, role, **place | inputs))


def test_the_type_of_a_group_does_not_move_into_its_template(
    aws: Plugin, subnet: Make, role: Make
) -> None:
    template = aws.create(network.TEMPLATE, "t")
    place = {"launchTemplate": {"id": template.id, "version": "1"}}
    given = _node_group(aws, subnet, role, instanceTypes=["t3.medium"], **place)
    made = aws.create(eks.NODE_GROUP, "group", **given)
    aws.update(template, instanceType="t3.large")
    with pytest.raises(Refused, match="continue to not specify an instance type"):
        aws.update(made, instanceTypes=None)


def test_a_node_group_has_no_way_back_to_an_older_image(
    aws: Plugin, subnet: Make, role: Make
) -> None:
    given = _node_group(aws, subnet, role, releaseVersion="1.35.9-20260601")
    made = aws.create(eks.NODE_GROUP, "group", **given)
    newer = aws.update(made, releaseVersion="1.35.10-20260601")
    with pytest.raises(Refused, match=r"release version 1\.35\.9-20260601 is invalid"):
        aws.update(newer, releaseVersion="1.35.9-20260601")


def test_the_control_plane_stays_in_its_zones(aws: Plugin, subnet: Make, role: Make) -> None:
    first, same = (subnet(f"10.0.{n}.0/24").id for n in (1, 2))
    other = subnet("10.0.3.0/24", "us-east-1b").id
    made = _cluster(aws, role(), [first])
    moved = aws.update(made, vpcConfig={"subnetIds": [same]})
    with pytest.raises(Refused, match="exact set of AZs 'us-east-1a'"):
        aws.update(moved, vpcConfig={"subnetIds": [same, other]})


def test_an_old_kubernetes_is_not_created(aws: Plugin, subnet: Make, role: Make) -> None:
    owner, place = role(), subnet().id
    with pytest.raises(Refused, match=r"unsupported Kubernetes version 1\.31"):
        _cluster(aws, owner, [place], "1.31")
    assert _cluster(aws, owner, [place], "1.32").state["version"] == "1.32"


@pytest.mark.parametrize("version", ["1.36", "1.33", "1.32"])
def test_kubernetes_is_upgraded_by_one_minor_before_its_nodes(
    aws: Plugin, subnet: Make, role: Make, version: str
) -> None:
    place = subnet().id
    made = _cluster(aws, role(), [place], "1.34")
    given = _of_nodes(made, role("node"), place)
    with pytest.raises(Refused, match=f"minor version update from 1.34 to {version}"):
        aws.update(made, version=version)
    proxy: dict[str, Any] = {"clusterName": made.id, "addonName": "kube-proxy"}
    with pytest.raises(Refused, match="newer than their cluster"):
        aws.create(eks.NODE_GROUP, "new", nodeGroupName="new", version="1.35", **given)
    with pytest.raises(Refused, match="Addon version specified is not supported"):
        aws.create(eks.ADDON, "proxy", addonVersion="v1.35.3-eksbuild.21", **proxy)
    group = aws.create(eks.NODE_GROUP, "group", nodeGroupName="g", version="1.34", **given)
    upgraded = aws.update(made, version="1.35")
    assert aws.update(group, version="1.35").state["version"] == "1.35"
    aws.create(eks.ADDON, "proxy", addonVersion="v1.35.3-eksbuild.21", **proxy)
    assert aws.update(upgraded, tags={"a": "b"}).state["version"] == "1.35"


def test_nodes_may_be_three_minors_older(
    aws: Plugin, world: World, subnet: Make, role: Make
) -> None:
    place = subnet().id
    made = _cluster(aws, role(), [place], "1.35")
    given = _of_nodes(made, role("node"), place)
    aws.create(eks.NODE_GROUP, "group", nodeGroupName="g", version="1.32", **given)
    with pytest.raises(Refused, match=r"Nodegroups g must be updated to match .* 1\.35 before"):
        aws.update(made, version="1.36")
    world.change(eks.NODE_GROUP, version="1.33")
    assert aws.update(made, version="1.36").state["version"] == "1.36"


def test_the_version_that_eks_has_chosen_itself_is_refused(
    aws: Plugin, world: World, subnet: Make, role: Make
) -> None:
    made = _cluster(aws, role(), [subnet().id], "1.35")
    world.change(eks.CLUSTER, version="1.36")
    with pytest.raises(Refused, match=r"update from 1\.36 to 1\.36"):
        aws.update(made, version="1.36")


def test_a_log_group_that_is_there_is_refused(aws: Plugin) -> None:
    aws.create(services.LOG_GROUP, "logs", name="/aws/eks/e/cluster")
    with pytest.raises(Refused, match="ResourceAlreadyExistsException: The specified log group"):
        aws.create(services.LOG_GROUP, "again", name="/aws/eks/e/cluster")


def test_eks_makes_the_log_group_of_a_deleted_cluster_again(aws: Plugin, world: World) -> None:
    group = aws.create(services.LOG_GROUP, "logs", name="/aws/eks/e/cluster", retentionInDays=30)
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


def test_a_name_that_is_taken_is_refused(role: Make) -> None:
    role("one", name="given")
    with pytest.raises(Refused, match="'given' already exists"):
        role("other", name="given")


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
