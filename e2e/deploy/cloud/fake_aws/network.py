"""VPC, subnets, routes, addresses, security groups and load balancers."""

import json
from ipaddress import IPv4Network

from e2e.deploy.cloud.errors import Rejected
from e2e.deploy.cloud.fake_aws.services import BUCKET, BUCKET_POLICY, ROLE
from e2e.deploy.cloud.kinds import ACCOUNT, Account, Asked, Kind, arn, texts_at
from e2e.deploy.cloud.records import Records, Resource
from e2e.deploy.cloud.values import Properties

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
GATEWAY = "aws:ec2/internetGateway:InternetGateway"
ADDRESS = "aws:ec2/eip:Eip"
NAT = "aws:ec2/natGateway:NatGateway"
ROUTE_TABLE = "aws:ec2/routeTable:RouteTable"
ROUTE = "aws:ec2/route:Route"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
LISTENER = "aws:lb/listener:Listener"
LISTENER_RULE = "aws:lb/listenerRule:ListenerRule"

_ZONES = "abcdef"
_SOURCES = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")
_LB = "elasticloadbalancing"
# The name length that AWS allows for load balancers and target groups.
_LONGEST_LB_NAME = 32
_FEWEST_ZONES = 2


def zones(region: str, arguments: Properties) -> Properties:
    """Name the zones of a region; that of the last letter has an id that EKS does not serve."""
    del arguments
    ids = [f"use1-az{number}" for number in (4, 6, 1, 2, 5, 3)]
    return {"names": [f"{region}{letter}" for letter in _ZONES], "zoneIds": ids}


def offers(region: str, arguments: Properties) -> Properties:
    """Offer each type that is asked for in each zone."""
    [types] = [one["values"] for one in arguments["filters"]]
    pairs = [(kind, f"{region}{letter}") for kind in types for letter in _ZONES]
    return {
        "instanceTypes": [kind for kind, _ in pairs],
        "locations": [zone for _, zone in pairs],
        "locationTypes": ["availability-zone"] * len(pairs),
    }


def vpcs(records: Records, arguments: Properties) -> Properties:
    """Find VPCs by tag or range, as `describe-vpcs` does."""
    wanted = {one["name"]: one["values"] for one in arguments["filters"]}
    found = records.all(VPC)
    return {"ids": [one.id for one in found if all(_has(one, *item) for item in wanted.items())]}


def _has(vpc: Resource, name: str, values: list[str]) -> bool:
    kind, _, key = name.partition(":")
    has = vpc.outputs["tagsAll"].get(key) if kind == "tag" else vpc.outputs["cidrBlock"]
    return has in values


def _check_subnet(asked: Asked, account: Account) -> None:
    zone = asked.inputs["availabilityZone"]
    if zone[:-1] != account.region or zone[-1] not in _ZONES:
        raise Rejected(f"InvalidParameterValue: '{zone}' is no zone of {account.region}")
    block = IPv4Network(asked.inputs["cidrBlock"])
    vpc = account.find(VPC, asked.inputs["vpcId"])
    if vpc is None:
        return
    if not block.subnet_of(whole := IPv4Network(vpc.outputs["cidrBlock"])):
        raise Rejected(f"InvalidSubnet.Range: {block} is not inside the VPC's {whole}")
    for other in account.all(SUBNET):
        taken = IPv4Network(other.outputs["cidrBlock"])
        if other.id != asked.id and other.outputs["vpcId"] == vpc.id and block.overlaps(taken):
            raise Rejected(f"InvalidSubnet.Conflict: {block} overlaps {taken} of '{other.name}'")


def _check_rule(asked: Asked, account: Account) -> None:
    del account
    if len([key for key in _SOURCES if asked.inputs.get(key)]) != 1:
        raise Rejected(f"InvalidParameterCombination: exactly one of {', '.join(_SOURCES)}")
    has_ports = {"fromPort", "toPort"} <= asked.inputs.keys()
    if asked.inputs["ipProtocol"] != "-1" and not has_ports:
        raise Rejected("InvalidParameterValue: fromPort and toPort belong to a rule with ports")


def _check_endpoint(asked: Asked, account: Account) -> None:
    """Refuse names that the VPC would not resolve, and names that are taken."""
    vpc, service = account.find(VPC, asked.inputs["vpcId"]), asked.inputs["serviceName"]
    if vpc is None or asked.inputs.get("privateDnsEnabled") is not True:
        return
    # AWS's defaults.
    on = {"enableDnsSupport": True, "enableDnsHostnames": False} | vpc.outputs
    if not (on["enableDnsSupport"] and on["enableDnsHostnames"]):
        raise Rejected(
            "InvalidParameter: Enabling private DNS requires both enableDnsSupport and"
            f" enableDnsHostnames VPC attributes set to true for {vpc.id}"
        )
    for other in account.all(ENDPOINT):
        same = (other.outputs["vpcId"], other.outputs["serviceName"]) == (vpc.id, service)
        if same and other.id != asked.id and other.outputs.get("privateDnsEnabled"):
            raise Rejected(
                "InvalidParameter: private-dns-enabled cannot be set because there is already a"
                f" conflicting DNS domain for {service} in the VPC {vpc.id}"
            )


def _check_balancer(asked: Asked, account: Account) -> None:
    found = [account.find(SUBNET, one) for one in texts_at(asked.inputs, "subnets")]
    subnets = [one for one in found if one]
    if len({one.outputs["availabilityZone"] for one in subnets}) < _FEWEST_ZONES:
        raise Rejected(
            "ValidationError: At least two subnets in two different Availability Zones must be"
            " specified"
        )
    vpc = subnets[0].outputs["vpcId"]
    gateways = {one.outputs.get("vpcId") for one in account.all(GATEWAY)}
    if asked.inputs.get("internal") is not True and vpc not in gateways:
        raise Rejected(f"InvalidSubnet: VPC {vpc} has no internet gateway")
    logs = asked.inputs.get("accessLogs") or {}
    writer = "logdelivery.elasticloadbalancing.amazonaws.com"
    if logs.get("enabled") and not _may_write(writer, logs["bucket"], account):
        raise Rejected(
            f"InvalidConfigurationRequest: Access Denied for bucket: {logs['bucket']}. Please check"
            " S3bucket permission"
        )


def _check_flow_log(asked: Asked, account: Account) -> None:
    if asked.inputs.get("logDestinationType") != "s3":
        return
    bucket = asked.inputs["logDestination"].rpartition(":")[2]
    if not _may_write("delivery.logs.amazonaws.com", bucket, account):
        raise Rejected(
            f"400: Access Denied for LogDestination: {bucket}. Please check LogDestination"
            " permission"
        )


def _may_write(service: str, bucket: str, account: Account) -> bool:
    """Whether the bucket's policy lets a service write this account's logs."""
    policy = account.find(BUCKET_POLICY, bucket)
    place = f"arn:aws:s3:::{bucket}/AWSLogs/{ACCOUNT}/*"
    return any(
        one["Effect"] == "Allow"
        and service in texts_at(one["Principal"], "Service")
        and "s3:PutObject" in texts_at(one, "Action")
        and place in texts_at(one, "Resource")
        for one in (json.loads(policy.outputs["policy"])["Statement"] if policy else [])
    )


def _default_group(asked: Asked, account: Account) -> str:
    """Adopt the group that AWS made with the VPC."""
    vpc = account.find(VPC, asked.inputs["vpcId"])
    return str(vpc.outputs["defaultSecurityGroupId"]) if vpc else ""


_RULE = Kind(
    identity="sgr-{new}",
    fixed=("securityGroupId",),
    refers={"securityGroupId": GROUP, "referencedSecurityGroupId": GROUP},
    check=_check_rule,
)
KINDS = {
    VPC: Kind(
        identity="vpc-{new}",
        outputs={"defaultSecurityGroupId": "sg-{new}", "mainRouteTableId": "rtb-{new}"},
        along={"defaultSecurityGroupId": GROUP, "mainRouteTableId": ROUTE_TABLE},
        fixed=("cidrBlock", "instanceTenancy"),
    ),
    SUBNET: Kind(
        identity="subnet-{new}",
        fixed=("vpcId", "cidrBlock", "availabilityZone"),
        refers={"vpcId": VPC},
        check=_check_subnet,
    ),
    GATEWAY: Kind(identity="igw-{new}", refers={"vpcId": VPC}),
    ADDRESS: Kind(identity="eipalloc-{new}", fixed=("domain",)),
    NAT: Kind(
        identity="nat-{new}",
        fixed=("allocationId", "subnetId", "connectivityType"),
        refers={"allocationId": ADDRESS, "subnetId": SUBNET},
    ),
    ROUTE_TABLE: Kind(identity="rtb-{new}", fixed=("vpcId",), refers={"vpcId": VPC}),
    ROUTE: Kind(
        identity="r-rtb-{new}",
        fixed=("routeTableId", "destinationCidrBlock"),
        refers={"routeTableId": ROUTE_TABLE, "gatewayId": GATEWAY, "natGatewayId": NAT},
    ),
    ASSOCIATION: Kind(
        identity="rtbassoc-{new}",
        fixed=("subnetId",),
        refers={"subnetId": SUBNET, "routeTableId": ROUTE_TABLE},
    ),
    ENDPOINT: Kind(
        identity="vpce-{new}",
        fixed=("vpcId", "serviceName", "vpcEndpointType"),
        refers={
            "vpcId": VPC,
            "routeTableIds": ROUTE_TABLE,
            "subnetIds": SUBNET,
            "securityGroupIds": GROUP,
        },
        check=_check_endpoint,
    ),
    FLOW_LOG: Kind(
        identity="fl-{new}",
        fixed=(
            "iamRoleArn",
            "logDestination",
            "logDestinationType",
            "maxAggregationInterval",
            "trafficType",
            "vpcId",
        ),
        refers={"vpcId": VPC, "iamRoleArn": ROLE},
        check=_check_flow_log,
    ),
    GROUP: Kind(
        identity="sg-{new}",
        fixed=("name", "description", "vpcId"),
        refers={"vpcId": VPC},
        names="name",
    ),
    DEFAULT_GROUP: Kind(identity=_default_group, fixed=("vpcId",), refers={"vpcId": VPC}),
    INGRESS: _RULE,
    EGRESS: _RULE,
    TEMPLATE: Kind(
        identity="lt-{new}",
        counts=("latestVersion",),
        fixed=("name",),
        refers={"vpcSecurityGroupIds": GROUP},
        names="name",
    ),
    BALANCER: Kind(
        identity=arn(_LB, "loadbalancer/app/{name}/{new}"),
        # The local load balancer's place, so that the stack's output `url` can be used as it is.
        outputs={"arn": "{id}", "arnSuffix": "{suffix}", "dnsName": "{address}"},
        fixed=("name", "internal", "loadBalancerType"),
        refers={"subnets": SUBNET, "securityGroups": GROUP, "accessLogs.bucket": BUCKET},
        names="name",
        longest=_LONGEST_LB_NAME,
        check=_check_balancer,
        protection=("enableDeletionProtection", "OperationNotPermitted"),
    ),
    TARGET_GROUP: Kind(
        identity=arn(_LB, "targetgroup/{name}/{new}"),
        outputs={"arn": "{id}", "arnSuffix": "{suffix}"},
        fixed=("name", "port", "protocol", "protocolVersion", "targetType", "vpcId"),
        refers={"vpcId": VPC},
        names="name",
        longest=_LONGEST_LB_NAME,
    ),
    LISTENER: Kind(
        identity=arn(_LB, "listener/app/{new}"),
        outputs={"arn": "{id}"},
        fixed=("loadBalancerArn",),
        refers={"loadBalancerArn": BALANCER, "defaultActions.targetGroupArn": TARGET_GROUP},
    ),
    LISTENER_RULE: Kind(
        identity=arn(_LB, "listener-rule/app/{new}"),
        outputs={"arn": "{id}"},
        fixed=("listenerArn",),
        refers={"listenerArn": LISTENER, "actions.targetGroupArn": TARGET_GROUP},
    ),
}
