"""The Application Load Balancer's parts. What answers requests is `e2e/load_balancer`."""

from e2e.deploy.cloud import environment
from e2e.deploy.cloud.cloud import Asked
from e2e.deploy.cloud.fake_aws.kind import Account, Kind, flagged, token
from e2e.deploy.cloud.fake_aws.network import GROUP, SUBNET, VPC
from e2e.deploy.cloud.values import Values, entries, text

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
LISTENER = "aws:lb/listener:Listener"
RULE = "aws:lb/listenerRule:ListenerRule"

_SERVICE = "elasticloadbalancing"
# The name length that AWS allows for load balancers and target groups.
_LONGEST_NAME = 32


def _balancer_id(asked: Asked, account: Account) -> str:
    name = text(asked.inputs, "name")
    return account.arn(_SERVICE, f"loadbalancer/app/{name}/{token(16)}")


def _balancer(asked: Asked, identity: str, account: Account) -> Values:
    name = text(asked.inputs, "name")
    public = f"{name}-{int(token(8), 16):010d}.{account.region}.elb.amazonaws.com"
    subnet = account.find(SUBNET, str(next(iter(entries(asked.inputs, "subnets")), "")))
    return {
        "arn": identity,
        "arnSuffix": identity.partition(":loadbalancer/")[2],
        # The entrance's place, so that the stack's output `url` can be used as it is.
        "dnsName": environment.entrance() or public,
        "zoneId": "Z35SXDOTRQ7X7K",
        "vpcId": text(subnet.outputs, "vpcId") if subnet else "",
        "ipAddressType": "ipv4",
    }


def _target_group_id(asked: Asked, account: Account) -> str:
    return account.arn(_SERVICE, f"targetgroup/{text(asked.inputs, 'name')}/{token(16)}")


def _target_group(asked: Asked, identity: str, account: Account) -> Values:
    del asked, account
    return {
        "arn": identity,
        "arnSuffix": identity.rpartition(":")[2],
        "loadBalancerArns": [],
        "protocolVersion": "HTTP1",
        "ipAddressType": "ipv4",
        "loadBalancingAlgorithmType": "round_robin",
    }


def _listener_id(asked: Asked, account: Account) -> str:
    balancer = text(asked.inputs, "loadBalancerArn").partition(":loadbalancer/")[2]
    return account.arn(_SERVICE, f"listener/{balancer}/{token(16)}")


def _rule_id(asked: Asked, account: Account) -> str:
    listener = text(asked.inputs, "listenerArn").partition(":listener/")[2]
    return account.arn(_SERVICE, f"listener-rule/{listener}/{token(16)}")


def _arn_only(asked: Asked, identity: str, account: Account) -> Values:
    del asked, account
    return {"arn": identity}


KINDS = {
    BALANCER: Kind(
        identity=_balancer_id,
        fixed=frozenset({"name", "internal", "loadBalancerType"}),
        refers={"subnets": SUBNET, "securityGroups": GROUP},
        outputs=_balancer,
        names="name",
        longest=_LONGEST_NAME,
        protect=flagged("enableDeletionProtection", "OperationNotPermitted"),
    ),
    TARGET_GROUP: Kind(
        identity=_target_group_id,
        fixed=frozenset({"name", "port", "protocol", "protocolVersion", "targetType", "vpcId"}),
        refers={"vpcId": VPC},
        outputs=_target_group,
        names="name",
        longest=_LONGEST_NAME,
    ),
    LISTENER: Kind(
        identity=_listener_id,
        fixed=frozenset({"loadBalancerArn"}),
        refers={"loadBalancerArn": BALANCER, "defaultActions.targetGroupArn": TARGET_GROUP},
        outputs=_arn_only,
    ),
    RULE: Kind(
        identity=_rule_id,
        fixed=frozenset({"listenerArn"}),
        refers={"listenerArn": LISTENER, "actions.targetGroupArn": TARGET_GROUP},
        outputs=_arn_only,
    ),
}
