"""VPC, subnets, routes, addresses and security groups, as EC2 keeps them."""

import secrets
from ipaddress import IPv4Address, IPv4Network

from e2e.deploy.cloud.cloud import Asked
from e2e.deploy.cloud.errors import Rejected
from e2e.deploy.cloud.fake_aws.kind import ACCOUNT, Account, Kind, Outputs, new_id, prefixed
from e2e.deploy.cloud.values import Values, text

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

# Addresses for documentation (RFC 5737): nothing answers there.
_PUBLIC = IPv4Network("203.0.113.0/24")
_ZONES = "abcdef"


def _ec2(resource: str, **more: str) -> Outputs:
    """Answer with what plain EC2 resources have: an ARN and an owner."""

    def outputs(_asked: Asked, identity: str, account: Account) -> Values:
        arn = account.arn("ec2", f"{resource}/{identity}")
        return {"arn": arn, "ownerId": ACCOUNT, **more}

    return outputs


def _vpc(asked: Asked, identity: str, account: Account) -> Values:
    return {
        **_ec2("vpc")(asked, identity, account),
        "defaultSecurityGroupId": new_id("sg"),
        "defaultRouteTableId": (table := new_id("rtb")),
        "mainRouteTableId": table,
        "defaultNetworkAclId": new_id("acl"),
        "dhcpOptionsId": new_id("dopt"),
        "instanceTenancy": "default",
    }


def _made_with_vpc(identity: str, outputs: Values) -> dict[str, str]:
    del identity
    return {
        str(outputs["defaultSecurityGroupId"]): GROUP,
        str(outputs["defaultRouteTableId"]): ROUTE_TABLE,
    }


def _subnet(asked: Asked, identity: str, account: Account) -> Values:
    zone = text(asked.inputs, "availabilityZone")
    return {
        **_ec2("subnet")(asked, identity, account),
        "availabilityZoneId": f"use1-az{_ZONES.index(zone[-1]) + 1}",
        "privateDnsHostnameTypeOnLaunch": "ip-name",
    }


def _check_subnet(asked: Asked, account: Account) -> None:
    zone = text(asked.inputs, "availabilityZone")
    if zone[:-1] != account.region or zone[-1] not in _ZONES:
        raise Rejected(f"InvalidParameterValue: '{zone}' is no zone of {account.region}")
    block = IPv4Network(text(asked.inputs, "cidrBlock"))
    vpc = account.find(VPC, text(asked.inputs, "vpcId"))
    if vpc is None:
        return
    if not block.subnet_of(whole := IPv4Network(text(vpc.outputs, "cidrBlock"))):
        raise Rejected(f"InvalidSubnet.Range: {block} is not inside the VPC's {whole}")
    for other in account.all(SUBNET):
        taken = IPv4Network(text(other.outputs, "cidrBlock"))
        if other.id != asked.id and other.outputs["vpcId"] == vpc.id and block.overlaps(taken):
            raise Rejected(f"InvalidSubnet.Conflict: {block} overlaps {taken} of '{other.name}'")


def _address(_asked: Asked, identity: str, account: Account) -> Values:
    public = _PUBLIC[1 + secrets.randbelow(_PUBLIC.num_addresses - 2)]
    return {
        "arn": account.arn("ec2", f"elastic-ip/{identity}"),
        "allocationId": identity,
        "publicIp": str(public),
        "publicDns": _dns_name(public, "compute-1"),
        "publicIpv4Pool": "amazon",
        "networkBorderGroup": account.region,
    }


def _nat(asked: Asked, identity: str, account: Account) -> Values:
    del identity
    address = account.find(ADDRESS, text(asked.inputs, "allocationId"))
    subnet = account.find(SUBNET, text(asked.inputs, "subnetId"))
    if address is None or subnet is None:
        return {}
    inside = IPv4Network(text(subnet.outputs, "cidrBlock"))[200]
    return {
        "publicIp": text(address.outputs, "publicIp"),
        "privateIp": str(inside),
        "associationId": new_id("eipassoc"),
        "networkInterfaceId": new_id("eni"),
        "connectivityType": "public",
        "availabilityMode": "zonal",
    }


def _check_route(asked: Asked, account: Account) -> None:
    for other in account.all(ROUTE):
        same = all(
            other.outputs.get(key) == asked.inputs.get(key)
            for key in ("routeTableId", "destinationCidrBlock")
        )
        if same and other.id != asked.id:
            block = text(asked.inputs, "destinationCidrBlock")
            raise Rejected(f"RouteAlreadyExists: the table has a route to {block} already")


def _default_group(asked: Asked, account: Account) -> str:
    """Adopt the group that AWS made with the VPC."""
    vpc = account.find(VPC, text(asked.inputs, "vpcId"))
    return text(vpc.outputs, "defaultSecurityGroupId") if vpc else new_id("sg")


def _check_rule(asked: Asked, account: Account) -> None:
    del account
    sources = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")
    given = [key for key in sources if asked.inputs.get(key)]
    if len(given) != 1:
        raise Rejected(f"InvalidParameterCombination: exactly one of {', '.join(sources)}")
    ports = ("fromPort", "toPort")
    every = text(asked.inputs, "ipProtocol") == "-1"
    if not every and any(asked.inputs.get(key) is None for key in ports):
        raise Rejected("InvalidParameterValue: fromPort and toPort belong to a rule with ports")


def _rule(_asked: Asked, identity: str, account: Account) -> Values:
    return {
        "arn": account.arn("ec2", f"security-group-rule/{identity}"),
        "securityGroupRuleId": identity,
    }


def _template(asked: Asked, identity: str, account: Account) -> Values:
    known = account.find(TEMPLATE, identity)
    version = int(text(known.outputs, "latestVersion")) + 1 if known else 1
    default = version if not known or asked.inputs.get("updateDefaultVersion") is True else 1
    return {
        "arn": account.arn("ec2", f"launch-template/{identity}"),
        "latestVersion": version,
        "defaultVersion": default,
    }


def _dns_name(address: IPv4Address, domain: str) -> str:
    return f"ec2-{str(address).replace('.', '-')}.{domain}.amazonaws.com"


def _endpoint(asked: Asked, identity: str, account: Account) -> Values:
    return {
        **_ec2("vpc-endpoint")(asked, identity, account),
        "prefixListId": new_id("pl"),
        "state": "available",
        "ipAddressType": "ipv4",
    }


_RULE = Kind(
    identity=prefixed("sgr"),
    fixed=frozenset({"securityGroupId"}),
    refers={"securityGroupId": GROUP, "referencedSecurityGroupId": GROUP},
    outputs=_rule,
    check=_check_rule,
)
KINDS = {
    VPC: Kind(
        identity=prefixed("vpc"),
        fixed=frozenset({"cidrBlock", "instanceTenancy"}),
        outputs=_vpc,
        along=_made_with_vpc,
    ),
    SUBNET: Kind(
        identity=prefixed("subnet"),
        fixed=frozenset({"vpcId", "cidrBlock", "availabilityZone"}),
        refers={"vpcId": VPC},
        outputs=_subnet,
        check=_check_subnet,
    ),
    GATEWAY: Kind(
        identity=prefixed("igw"), refers={"vpcId": VPC}, outputs=_ec2("internet-gateway")
    ),
    ADDRESS: Kind(identity=prefixed("eipalloc"), fixed=frozenset({"domain"}), outputs=_address),
    NAT: Kind(
        identity=prefixed("nat"),
        fixed=frozenset({"allocationId", "subnetId", "connectivityType"}),
        refers={"allocationId": ADDRESS, "subnetId": SUBNET},
        outputs=_nat,
    ),
    ROUTE_TABLE: Kind(
        identity=prefixed("rtb"),
        fixed=frozenset({"vpcId"}),
        refers={"vpcId": VPC},
        outputs=_ec2("route-table"),
    ),
    ROUTE: Kind(
        identity=prefixed("r-rtb"),
        fixed=frozenset({"routeTableId", "destinationCidrBlock"}),
        refers={"routeTableId": ROUTE_TABLE, "gatewayId": GATEWAY, "natGatewayId": NAT},
        outputs=lambda *_: {"origin": "CreateRoute", "state": "active"},
        check=_check_route,
    ),
    ASSOCIATION: Kind(
        identity=prefixed("rtbassoc"),
        fixed=frozenset({"subnetId"}),
        refers={"subnetId": SUBNET, "routeTableId": ROUTE_TABLE},
    ),
    ENDPOINT: Kind(
        identity=prefixed("vpce"),
        fixed=frozenset({"vpcId", "serviceName", "vpcEndpointType"}),
        refers={
            "vpcId": VPC,
            "routeTableIds": ROUTE_TABLE,
            "subnetIds": SUBNET,
            "securityGroupIds": GROUP,
        },
        outputs=_endpoint,
    ),
    GROUP: Kind(
        identity=prefixed("sg"),
        fixed=frozenset({"name", "description", "vpcId"}),
        refers={"vpcId": VPC},
        outputs=_ec2("security-group"),
        names="name",
    ),
    DEFAULT_GROUP: Kind(
        identity=_default_group,
        fixed=frozenset({"vpcId"}),
        refers={"vpcId": VPC},
        outputs=_ec2("security-group", name="default", description="default VPC security group"),
    ),
    INGRESS: _RULE,
    EGRESS: _RULE,
    TEMPLATE: Kind(
        identity=prefixed("lt"),
        fixed=frozenset({"name"}),
        refers={"vpcSecurityGroupIds": GROUP},
        outputs=_template,
        names="name",
        anew=frozenset({"latestVersion", "defaultVersion"}),
    ),
}
