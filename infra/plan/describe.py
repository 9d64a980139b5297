"""The description of a resource in the printed plan, on one line."""

from collections.abc import Callable, Mapping

from infra.aws.security_groups import EVERY_PROTOCOL
from infra.config.database_capacity import database_classes
from infra.plan.model import Json, PlannedResource
from infra.versions import HOURS_PER_MONTH

Inputs = Mapping[str, Json]


def describe(resource: PlannedResource) -> str:
    """Return the salient inputs of a resource as text, or nothing."""
    describer = DESCRIBERS.get(resource.type)
    return describer(resource.inputs) if describer else ""


def _keys(*names: str) -> Callable[[Inputs], str]:
    """Return a describer that shows the values of these inputs in this order."""
    return lambda inputs: "  ".join(_text(inputs[name]) for name in names if name in inputs)


def _text(value: Json) -> str:
    if isinstance(value, list):
        return ", ".join(_text(item) for item in value)
    return str(value)


def _rule(inputs: Inputs) -> str:
    peer = inputs.get("cidrIpv4") or inputs.get("referencedSecurityGroupId")
    protocol = inputs["ipProtocol"]
    what = "everything" if protocol == EVERY_PROTOCOL else f"{protocol} {inputs['fromPort']}"
    return f"{what}  {peer}"


def _node_group(inputs: Inputs) -> str:
    scaling = inputs["scalingConfig"]
    assert isinstance(scaling, Mapping)  # noqa: S101  the recorder keeps the SDK's shape
    # One type is in the launch template.
    types = f" x {_text(inputs['instanceTypes'])}" if "instanceTypes" in inputs else ""
    return f"{scaling['minSize']} to {scaling['maxSize']}{types}  {inputs['capacityType']}"


def _database(inputs: Inputs) -> str:
    zones = 2 if inputs["multiAz"] else 1
    hourly = database_classes()[str(inputs["instanceClass"])].hourly_usd
    return (
        f"PostgreSQL {inputs['engineVersion']}  {inputs['instanceClass']}"
        f"  {inputs['allocatedStorage']} to {inputs['maxAllocatedStorage']} GB"
        f"  {'two zones' if inputs['multiAz'] else 'one zone'}"
        f"  ${hourly * HOURS_PER_MONTH * zones:.0f} a month and storage, in us-east-1"
    )


def _release(inputs: Inputs) -> str:
    version = inputs.get("version")
    return f"{inputs['chart']} {version}" if version else str(inputs["chart"])


DESCRIBERS: Mapping[str, Callable[[Inputs], str]] = {
    "pulumi:providers:aws": _keys("region"),
    "aws:ec2/vpc:Vpc": _keys("cidrBlock"),
    "aws:ec2/subnet:Subnet": _keys("cidrBlock", "availabilityZone"),
    "aws:ec2/route:Route": lambda inputs: (
        f"{inputs['destinationCidrBlock']} to {inputs.get('gatewayId') or inputs['natGatewayId']}"
    ),
    "aws:ec2/flowLog:FlowLog": _keys("trafficType", "logDestinationType"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _keys("serviceName"),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _rule,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _rule,
    "aws:cloudwatch/logGroup:LogGroup": lambda inputs: (
        f"{inputs['name']}  {inputs['retentionInDays']} days"
    ),
    "eks:index:Cluster": lambda inputs: f"Kubernetes {inputs['version']}  {inputs['name']}",
    "aws:eks/nodeGroup:NodeGroup": _node_group,
    "aws:ec2/launchTemplate:LaunchTemplate": _keys("instanceType"),
    "aws:eks/addon:Addon": _keys("addonName", "addonVersion"),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _keys("policyArn"),
    "aws:rds/instance:Instance": _database,
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": _keys(
        "region"
    ),
    "aws:rds/parameterGroup:ParameterGroup": _keys("family"),
    "aws:ecr/repository:Repository": _keys("imageTagMutability"),
    "aws:lb/loadBalancer:LoadBalancer": lambda inputs: (
        "internal" if inputs["internal"] else "internet-facing"
    ),
    "aws:lb/listener:Listener": _keys("protocol", "port"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": _keys(
        "metricName", "comparisonOperator", "threshold"
    ),
    "aws:sns/topicSubscription:TopicSubscription": _keys("protocol", "endpoint"),
    "kubernetes:helm.sh/v3:Release": _release,
    "docker-build:index:Image": _keys("tags"),
}
