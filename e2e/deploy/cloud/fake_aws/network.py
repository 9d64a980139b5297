"""VPC, subnets, routes, addresses, security groups and load balancers."""

from ipaddress import IPv4Network

from e2e.deploy.cloud.errors import Rejected
from e2e.deploy.cloud.kinds import Account, Asked, Kind, arn
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


def zones(region: str, arguments: Properties) -> Properties:
    """Name the zones of a region; that of the last letter has an id that EKS does not serve."""
    del arguments
    ids = [f"use1-az{number}" for number in (4, 6, 1, 2, 5, 3)]
    return {"names": [f"{region}{letter}" for letter in _ZONES], "zoneIds": ids}


def vpcs(records: Records, arguments: Properties) -> Properties:
    """Find VPCs by tag or range, as `describe-vpcs` does."""
    wanted = {one["name"]: one["values"] for one in arguments["filters"]}
    found = [one for one in records.resources() if one.type == VPC]
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


def _check_route(asked: Asked, account: Account) -> None:
    table, block = (asked.inputs.get(key) for key in ("routeTableId", "destinationCidrBlock"))
    for other in account.all(ROUTE):
        same = (other.outputs["routeTableId"], other.outputs.get("destinationCidrBlock"))
        if same == (table, block) and other.id != asked.id:
            raise Rejected(f"RouteAlreadyExists: the table has a route to {block} already")


def _check_rule(asked: Asked, account: Account) -> None:
    del account
    if len([key for key in _SOURCES if asked.inputs.get(key)]) != 1:
        raise Rejected(f"InvalidParameterCombination: exactly one of {', '.join(_SOURCES)}")
    has_ports = {"fromPort", "toPort"} <= asked.inputs.keys()
    if asked.inputs["ipProtocol"] != "-1" and not has_ports:
        raise Rejected("InvalidParameterValue: fromPort and toPort belong to a rule with ports")


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
        check=_check_route,
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
        refers={"subnets": SUBNET, "securityGroups": GROUP},
        names="name",
        longest=_LONGEST_LB_NAME,
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
